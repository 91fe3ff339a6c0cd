"""The demonstration: the steps from a bare machine to two tenants that are proven apart, each with its time on the screen."""

TENANTS = ("acme", "globex")
"""The tenants of the demonstration."""
