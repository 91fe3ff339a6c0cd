"""``./scripts/bench up``: how long it takes to get, change and verify tenants on the live cloud, each beside the bar that was set for it.

What each figure is and how it is measured stands in ``figures``; one module measures each group of them, and ``bare`` is the peer: the
same tenant by openstacksdk alone, as an experienced engineer would write it.
"""
