"""Long commands, several at a time: what each does and for how long, as one live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO

from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_TERMINAL_TICK_S = 0.5
_LOG_TICK_S = 20.0
_LAST_LINES = 25


class ToolchainError(RingfenceError, RuntimeError):
    """The engine or a plug-in could not be found, fetched or built."""


def clock(seconds: float) -> str:
    """Render a duration the way a person reads it: ``7s``, ``5m 08s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


@dataclass
class Board:
    """Where each running part is. Use as a context manager: leaving it ends the commands that still run."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _doing: dict[str, str] = field(default_factory=dict)
    _children: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closed: bool = False
    _over: threading.Event = field(default_factory=threading.Event)
    _started: float = field(default_factory=time.monotonic)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start the ticker."""
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop the ticker."""
        self._over.set()
        if self._thread:
            self._thread.join()

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """End every command that still runs when the block is left, by Ctrl-C or by the failure of one of them."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._closed = True
                children = list(self._children)
            for child in children:
                _end(child)
            raise

    def say(self, text: str) -> None:
        """Print one line that stays."""
        with self._lock:
            self._erase()
            print(f"[{clock(time.monotonic() - self._started):>7}] {text}", file=self.out, flush=True)

    def doing(self, part: str, text: str) -> None:
        """Replace what ``part`` is shown to be doing; an empty text takes it off the board."""
        with self._lock:
            if text:
                self._doing[part] = text
            else:
                self._doing.pop(part, None)

    def run(
        self, part: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, heard: Callable[[str], None] | None = None
    ) -> str:
        """Run a command to its end and return its standard output; ``heard`` gets each line of its standard error.

        Raises:
            ToolchainError: the command failed; the message has its last lines.
        """
        last: deque[str] = deque(maxlen=_LAST_LINES)
        output: list[str] = []
        with self.start(part, argv, env, cwd) as child:
            reader = threading.Thread(target=lambda: output.append(child.stdout.read() if child.stdout else ""), daemon=True)
            reader.start()
            try:
                for line in child.stderr or ():
                    last.append(line.rstrip())
                    if heard:
                        heard(line.rstrip())
                reader.join()
                code = child.wait()
            except BaseException:
                _end(child)
                raise
            finally:
                with self._lock:
                    self._children.discard(child)
        if code:
            raise ToolchainError.of(
                f"{part}: a command failed",
                where=" ".join(map(str, argv)),
                expected="exit code 0",
                got=f"exit code {code}; its last lines:\n" + "\n".join(f"    {line}" for line in last),
                hint="mend the cause and run the same command again: what was built is kept",
            )
        return "".join(output)

    def start(self, part: str, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> subprocess.Popen[str]:
        """Start a command of a part, unless another part has failed."""
        with self._lock:
            if self._closed:
                raise ToolchainError.of(
                    f"{part}: stopped, because another part failed", hint="mend that part and run the same command again"
                )
            child = subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,  # a compiler starts others: they are ended together
            )
            self._children.add(child)
            return child

    def _tick(self) -> None:
        period = _TERMINAL_TICK_S if self.out.isatty() else _LOG_TICK_S
        while not self._over.wait(period):
            with self._lock:
                now = " · ".join(f"{part}: {text}" for part, text in self._doing.items())
                if now and self.out.isatty():
                    self._erase()
                    print(f"[{clock(time.monotonic() - self._started):>7}] {now}", end="", file=self.out, flush=True)
                elif now:
                    self.say(now)
        with self._lock:
            self._erase()

    def _erase(self) -> None:
        """Clear the live line (ECMA-48: carriage return, erase in line)."""
        if self.out.isatty():
            print("\r\x1b[2K", end="", file=self.out, flush=True)


def _end(child: subprocess.Popen[str]) -> None:
    """End a command and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
