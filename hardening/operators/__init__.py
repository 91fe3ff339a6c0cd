"""How operators log in and how their sessions are recorded: files for servers, the bastion and the store, as pure functions."""
