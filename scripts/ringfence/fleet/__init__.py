"""One command for many tenants: each tenant's work is a process of its own with a log of its own."""
