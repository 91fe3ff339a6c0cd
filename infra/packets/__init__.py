"""Exact sets of packets: the algebra behind every proof, query, difference and lint. Pure functions on numpy arrays, no I/O.

Read in this order: ``axes`` (what a packet is), ``table`` (rules and canonical form), ``sweep`` (the one walk), then the questions:
``canonical``, ``redundancy``, ``difference``, ``index``, ``pairs``. ``packetset`` is the same algebra as a friendly value.
"""
