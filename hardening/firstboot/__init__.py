"""First boot of a server: what the config drive says, turned into the few files that the guest needs.

This package runs twice: in the fast tests on the build machine, and once inside the guest, on Debian's ``python3-minimal``. So it uses a
small part of the standard library and nothing else, and named tuples instead of data classes: importing ``dataclasses`` costs a third of a
second of an emulated guest's CPU, and every test waits for boots.
"""
