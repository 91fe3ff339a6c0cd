"""How servers and the platform's services are: one collector asks, pure judges tell."""
