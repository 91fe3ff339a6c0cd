"""Judges of what is written about backups."""
