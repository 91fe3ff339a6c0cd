"""The end of a tenant, done: noted, cordoned, revoked, removed, proven, certified. Decided by :mod:`infra.offboarding`."""
