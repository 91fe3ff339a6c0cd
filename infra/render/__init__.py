"""One policy, rendered: security groups, the ruleset of a guest, the matrix that a probe must find."""
