"""``./scripts/bench tenants``: many tenants at once on the live cloud, made, verified and removed again.

Twelve with a server each, on routers of the platform that are made to hold few routes, so that servers are reached over a further router;
and forty of networks only. Everything is declared in a temporary copy of the project, the platform's further routers included.
"""
