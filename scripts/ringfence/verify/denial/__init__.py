"""API calls that must be denied, and their positive twins."""
