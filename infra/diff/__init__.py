"""Two states compared: what passes in one and not in the other, what else the proof rests on, and what the proof says."""
