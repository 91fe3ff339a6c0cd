"""Runs and restores of backups, on a storage that does as it is told."""
