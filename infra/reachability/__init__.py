"""Which packets can get where: segments, routers, filters, connection tracking and NAT, with no word of any cloud."""
