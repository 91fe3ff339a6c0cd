"""Who may log in to servers: operators, their certificates, what is revoked. Nothing here signs, writes or asks for the time."""
