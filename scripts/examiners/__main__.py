"""``python -m examiners``: what ``scripts/examine`` runs."""

from examiners.cli import main

main()
