"""What the API says, compared with the declarations."""
