"""Where a snapshot comes from: a running cloud, JSON files of the client, declarations."""
