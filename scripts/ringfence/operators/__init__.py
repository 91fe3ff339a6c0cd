"""Operators on this machine: the authority that certifies them, their file, and OpenSSH's configuration for one of them."""
