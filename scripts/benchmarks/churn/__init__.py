"""Snapshots of a cloud that others change: clients that make and delete things without end, and one that reads."""
