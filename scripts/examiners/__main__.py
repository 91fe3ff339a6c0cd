"""``python -m examiners``: what ``scripts/examine`` runs, which holds interrupts back until here, where one can be said as 130."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line. It is imported here, because an interrupt while that goes on is an interrupt, too."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        from examiners import cli  # noqa: PLC0415 - as said

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was examined\n")
        sys.stderr.flush()
        # Python would end itself by the signal, where the interrupt came while it executed a text, as dataclasses do.
        os._exit(INTERRUPTED)


main()
