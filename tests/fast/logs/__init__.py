"""Lines of servers' logs, as the store has them."""
