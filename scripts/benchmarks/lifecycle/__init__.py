"""``./scripts/bench lifecycle``: what backups, drills, drift reports, the end of a tenant and a fleet take, on a live cloud."""
