"""Resources that the OpenStack provider lacks, as real resources of the stack: create, read, diff, update and delete.

Their classes are importable, so the engine's state refers to them by name. They run in a process of the engine's, with the operator's
environment: the admin's credential comes from ``OS_CLOUD`` there and is never written to the state; the deployer's is an input, marked
secret.
"""
