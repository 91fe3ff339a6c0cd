"""Operators' sessions as the store recorded them, and their reviews, as data."""
