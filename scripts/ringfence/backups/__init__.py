"""Backups, done: made, pruned and restored with a tenant's own credential. What is to be done is decided in ``infra.backups``."""
