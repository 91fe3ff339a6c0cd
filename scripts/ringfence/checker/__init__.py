"""The independent checker of certificates: standard library and netaddr, nothing of ringfence; the folder works wherever it is copied.

Five modules, each reads alone: ``conditions`` knows the conditions of docs/proof.md, ``cloud`` wires and routing tables, ``rules``
security groups, ``records`` which fields and values a snapshot may have, ``assumed`` what may be taken for granted.
"""
