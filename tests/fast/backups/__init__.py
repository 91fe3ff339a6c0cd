"""Backups, decided without a cloud."""
