"""One module for each part of the figures, and what they share: where it is measured, the bare calls, and the clearing."""
