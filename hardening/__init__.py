"""The inside of a server: its image, its first boot, the agent that applies its packet filter, and SSH access to it."""
