"""The Pulumi engine, its Python language host and the OpenStack plug-in: found on the machine, or built from pinned Go modules.

The vendor offers these as binary downloads. A machine that reaches package registries only, or a customer's registry mirror only, gets the
same versions from source; ``docs/toolchain.md`` says how and why.
"""
