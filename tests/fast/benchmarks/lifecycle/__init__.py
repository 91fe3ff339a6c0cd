"""The benchmark of a tenant's life, without a cloud."""
