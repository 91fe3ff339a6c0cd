"""Packets: what is sent, what is expected, what was seen, and how it is judged."""
