"""Known vulnerabilities of servers: where Debian's data comes from, what servers are asked, and the journal of what was seen."""
