"""The state inside a server, compared with the declarations."""
