"""The platform and the tenants as Pulumi components: typed arguments in, children under parents, explicit providers everywhere.

Nothing is decided here: names, addresses, rules and packet filters are computed by ``infra.declaration``, ``infra.policy``,
``infra.render.security_groups`` and ``infra.render.nftables``.
"""
