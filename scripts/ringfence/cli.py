"""The way into ``ringfence VERB`` and out of it: however it ends, the exit code is never mistaken for an answer.

0 and 1 are answers: it holds, it does not. Everything that keeps a verb from answering is 2, "cannot tell", and an interrupt is 130. This
module imports nothing that takes time, so that an interrupt is an interrupt from the first import on.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
"""As in ``typing``, whose import takes long enough to be interrupted."""
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def main() -> NoReturn:
    """Run the command line and end the process."""
    try:
        _let_interrupts_through()
        _streams()
        from ringfence.application import run  # noqa: PLC0415 - inside, so that an interrupt while it is imported is one

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _interrupted()
    sys.exit(code)


def _let_interrupts_through() -> None:
    """Raise an interrupt that came while Python started: the launcher (``scripts/launcher``) has it held back until here."""
    import signal  # noqa: PLC0415 - as above

    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _streams() -> None:
    """Let every text be written: closed streams take anything, and what an encoding does not have is written as its escape."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - lives as long as the process
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _interrupted() -> int:
    """Say so, and let nothing interrupt that."""
    import signal  # noqa: PLC0415 - as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from ringfence.failing import complain  # noqa: PLC0415 - as above

    complain([{"what": "interrupted"}], "interrupted")
    return INTERRUPTED
