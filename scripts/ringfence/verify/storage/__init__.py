"""Storage at rest: encrypted, with the key length that was declared."""
