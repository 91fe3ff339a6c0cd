"""The inside of a server: its image, its first boot, the agent that puts packet filter and files into force, and what its services read."""
