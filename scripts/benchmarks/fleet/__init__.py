"""``./scripts/bench fleet``: how long the status of many tenants takes, with the real engine on stacks that are made up."""
