"""Steps that run inside the lab's namespaces, around the services: each can be repeated and repairs what a kill left half done.

Two modules are services themselves: ``taps`` and ``neutron_repair``.
"""
