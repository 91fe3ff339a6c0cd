"""Controls: the catalogue, what it makes of the image, and what it asks of a server."""
