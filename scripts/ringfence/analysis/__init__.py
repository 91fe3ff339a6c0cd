"""Where the states come from that the analysis verbs answer about, and how their answers are shown."""
