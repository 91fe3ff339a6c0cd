"""What carries a server's log to the platform's store: a sender on every server, and the store on the services server.

Both run in the guest, on Debian's ``python3-minimal``. ``wire`` is what they agree on.
"""
