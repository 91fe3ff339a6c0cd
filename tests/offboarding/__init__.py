"""A whole offboarding on the live cloud: a tenant is made, filled, backed up, killed twice on its way out, and certified."""
