"""Lines of servers' logs as the platform's store keeps them: read, chosen, and put together for whoever may have them."""
