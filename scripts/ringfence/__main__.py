"""``python -m ringfence``: the command line, where its launcher is not on the path."""

from ringfence.cli import main

main()
