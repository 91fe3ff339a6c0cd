"""The inside of a server: its image, its first boot, its packet filter and what examiners say about it."""
