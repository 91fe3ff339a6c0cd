"""Whether OVN holds what Neutron's records imply: the rules and wires that really pass packets, against those that the API tells of. Pure.

Neutron writes OVN's northbound database and repairs it now and then; what somebody writes there by hand, no question to Neutron shows.
"""
