"""Exact answers about a fabric: what passes, who can reach, why, why not, and what changed. Nothing here does I/O."""
