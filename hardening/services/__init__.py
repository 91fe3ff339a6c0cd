"""What the platform's services are on a server: files of their daemons, for the services server and for its clients.

Pure: typed values in, :class:`~hardening.bundle.GuestFile` out. The units that read the files are in the image and start only where they
are.
"""
