"""The guest image: Debian 13 from packages, hardened, as a bootable disk; built without loop devices.

``recipe`` is what goes in (data), ``archive`` where packages come from, ``root`` the edits of the unpacked tree, ``layout`` and ``grub``
the disk (pure), ``disk`` the file, ``cache`` where it is kept, ``build`` the order of the steps.
"""
