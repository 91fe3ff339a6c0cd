"""What examiners wrote, read: one module for each form, strictly, and nothing judged."""
