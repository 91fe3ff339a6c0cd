"""The command line of ringfence and what only it needs."""
