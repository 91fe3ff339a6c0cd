"""Two states of a cloud, or of a cloud and its declarations, as statements that can be compared."""
