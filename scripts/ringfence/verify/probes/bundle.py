"""The guest's program as text: what is sent to a server, and the one-line loader that receives it."""

from __future__ import annotations

import json
from importlib.resources import files

PACKAGES = ("ringfence", "ringfence.verify", "ringfence.verify.guest")
MODULES = ("basics", "files", "probes", "sockets", "witness", "people", "cards", "state", "program", "start")
"""In the order in which they import one another; the last one runs until its input ends."""

LOADER = (
    "import sys,json,types\n"
    "for name,text in json.loads(sys.stdin.buffer.readline()):\n"
    " module=sys.modules[name]=types.ModuleType(name);module.__path__=[]\n"
    ' exec(compile(text,name,"exec"),module.__dict__)\n'
)
"""Text for ``python3 -I -c``: reads one line, builds the modules in memory, never returns."""


def bundle() -> bytes:
    """Return the line that the loader reads: names and sources of the modules, as JSON."""
    folder = files("ringfence.verify.guest")
    parts = [(name, "") for name in PACKAGES]
    parts += [(f"{PACKAGES[-1]}.{name}", (folder / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]
    return json.dumps(parts).encode() + b"\n"
