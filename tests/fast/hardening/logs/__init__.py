"""Sender and store of logs: what counts, and what is on the disk when."""
