"""Backups, decided: what is to be made, kept and pruned, and what is missed, by what is declared, Cinder's records and the clock. Pure."""
