"""The first declarations of a cloud: what can be seen of it, what is chosen, and the files that are written."""
