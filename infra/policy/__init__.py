"""Flows and packets: what a declaration allows, as rules and as sets of packets. Nothing here does I/O."""
