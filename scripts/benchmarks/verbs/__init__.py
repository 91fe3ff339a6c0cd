"""``./scripts/bench verbs``: every analysis verb as a user runs it, on a snapshot of a million rules, 5,000 tenants and 100,000 ports.

Each run is a process of its own, from start to end, so the figures are what a person waits and what the machine must have.
"""
