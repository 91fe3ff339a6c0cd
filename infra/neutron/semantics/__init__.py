"""What the records of a snapshot mean: who controls a port, what routes, what filters, what a driver adds."""
