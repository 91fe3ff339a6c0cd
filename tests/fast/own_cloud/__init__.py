"""The page that is walked on a cloud of its own, looked at without one."""
