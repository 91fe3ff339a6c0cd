"""Our pages, opened in a real browser."""
