"""The platform's one authority: certificates for its services and its servers, as pure functions.

Keys, serial numbers and the time are handed in; whoever keeps them is in ``infra/dynamic/certificates.py``. What goes in and out is PEM.
"""
