"""Independent examiners of the guest image, run from a disk of their own: what they find, judged against one list of exceptions."""
