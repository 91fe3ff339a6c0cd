"""``python -m labcloud``: what ``scripts/lab`` runs."""

from labcloud.cli import main

main()
