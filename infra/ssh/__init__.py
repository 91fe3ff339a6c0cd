"""SSH to servers: through the bastion, over the management network, with pinned host keys."""
