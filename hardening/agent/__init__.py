"""The guest's agent, ``/usr/lib/ringfence/apply-policy``: what puts a bundle into force so that a mistake cannot lock anybody out.

A *generation* is a folder with a packet filter, files, and the names of the units that read them. The confirmed one is on the disk, what
waits for its confirmation is in memory, and one link says which files are in force. It runs on Debian's ``python3-minimal``, so it uses a
small part of the standard library: importing ``pathlib``, ``shutil`` or ``dataclasses`` costs an emulated guest a quarter of a second each.
"""
