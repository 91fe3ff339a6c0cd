"""The end of a tenant, decided: its steps, what may still be undone, what was stored, what proves that nothing is left. Pure."""
