"""One command for many tenants: who is meant, who may start when, where it stops, and what has been done already. Pure."""
