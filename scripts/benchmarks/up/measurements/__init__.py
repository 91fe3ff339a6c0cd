"""What is measured on the live cloud: one module for each question, and what two of them share."""
