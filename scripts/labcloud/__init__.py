"""The lab: a real OpenStack on one machine, in namespaces of its own. Nothing outside ``scripts/lab`` knows it."""
