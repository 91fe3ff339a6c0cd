"""The peer: a ring-fenced tenant by openstacksdk alone, for comparison with the stack.

It makes the same resources as ``infra.components`` from the same declaration, as an experienced engineer would script it: everything in
threads as soon as what it needs is there, rules in bulk requests, polls every second. It keeps no state, cannot change or repair anything,
and leaves the guests without their policies. A test holds that both make the same.
"""
