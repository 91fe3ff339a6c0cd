"""Processes of the lab: the supervisor, what it starts, and the ways in."""
