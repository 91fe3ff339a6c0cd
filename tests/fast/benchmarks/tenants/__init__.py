"""The benchmark of many tenants, without a cloud."""
