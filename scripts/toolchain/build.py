"""From nothing, or from half of it, to a working engine with its plug-in; what is there already is not made again."""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain import golang, installed, parts
from toolchain.progress import Board, ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolchain.golang import Go
    from toolchain.parts import Part
    from toolchain.places import Places

_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "NO_COLOR": "1"}


def engine_bin(places: Places, environ: Mapping[str, str]) -> tuple[Path | None, str]:
    """Return the folder of the engine that is to be used, or None while it has to be built; and what to say about it."""
    own = parts.engine().home(places) / "bin"
    found = installed.look(places, environ)
    if found.binary:
        return found.binary.parent, f"installed: {found.why}"
    return (own if own.exists() else None), f"our own build of v{parts.pinned('pulumi')} ({found.why})"


def plugin_home(places: Places) -> Path:
    """Return the PULUMI_HOME that holds the OpenStack plug-in; it exists only when complete."""
    return parts.provider().home(places)


def ready(places: Places, environ: Mapping[str, str]) -> bool:
    """Tell whether there is nothing to do."""
    return plugin_home(places).exists() and engine_bin(places, environ)[0] is not None


def build(places: Places, environ: Mapping[str, str], board: Board) -> None:
    """Make everything that is missing.

    Interrupted at any point it leaves nothing half done in place, and goes on from what was compiled when it is run again.

    Raises:
        ToolchainError: a module could not be fetched or compiled, or the plug-in could not be installed.
    """
    with _alone(places, board), tempfile.TemporaryDirectory(prefix=".new-", dir=places.toolchain) as scratch:
        engine, about = engine_bin(places, environ)
        board.say(f"engine: {about}")
        official = engine is not None and engine != parts.engine().home(places) / "bin"
        if official and engine and _official_plugin(engine, Path(scratch), places, environ, board):
            return
        todo = [part for part in (parts.engine(), parts.provider()) if not part.home(places).exists()]
        if engine:
            todo = [part for part in todo if part.name != "engine"]
        if todo:
            _compile(todo, Path(scratch), places, environ, board)


def _compile(todo: list[Part], scratch: Path, places: Places, environ: Mapping[str, str], board: Board) -> None:
    go = golang.find(places, environ, board)
    # The pool is the outer of the two: when something goes wrong the board ends the commands, and then the pool is empty.
    with ThreadPoolExecutor(len(todo)) as pool, board.stopping():
        jobs = {pool.submit(_programs, part, go, scratch, board): part for part in todo}
        for job in as_completed(jobs):
            job.result()
    for part in todo:
        if part.name == "engine":
            _vendor_scripts(scratch / "engine/bin", go, board)
            _keep(scratch / "engine", part.home(places))
    for part in todo:
        if part.name == "provider":
            home = scratch / "home"
            engine = engine_bin(places, environ)[0]
            if engine is None:
                raise ToolchainError.of("the engine vanished while the plug-in was built", hint="run scripts/toolchain/build again")
            _install(engine, home, ["--file", str(scratch / "provider/bin" / parts.PLUGIN)], environ, board)
            _keep(home, part.home(places))


def _programs(part: Part, go: Go, scratch: Path, board: Board) -> None:
    """Compile the programs of a part into ``scratch/<part>/bin``."""
    destination = scratch / part.name / "bin"
    destination.mkdir(parents=True)
    compiled = fetched = 0

    def fetching(line: str) -> None:
        nonlocal fetched
        fetched += line.startswith("go: downloading")
        board.doing(part.name, f"{fetched} modules fetched")

    def compiling(line: str) -> None:
        nonlocal compiled
        compiled += re.fullmatch(r"[\w./~-]+", line) is not None
        board.doing(part.name, f"{compiled} of {total} packages compiled")

    board.doing(part.name, "looking for modules")
    listed = board.run(part.name, [go.binary, "list", "-modcacherw", "-deps", *part.packages], env=go.env, cwd=part.source, heard=fetching)
    total = len(listed.splitlines())
    board.doing(part.name, f"compiling {total} packages")
    flags = ["-v", "-modcacherw", *parts.COMPILER_FLAGS, f"-ldflags={part.linker}"]
    target = destination if len(part.packages) > 1 else destination / parts.PLUGIN
    board.run(part.name, [go.binary, "build", *flags, "-o", target, *part.packages], env=go.env, cwd=part.source, heard=compiling)
    board.doing(part.name, "")
    programs = ", ".join(sorted(path.name for path in destination.iterdir()))
    board.say(f"{part.name}: {programs} built ({compiled} of {total} packages compiled)")


def _vendor_scripts(destination: Path, go: Go, board: Board) -> None:
    """Copy the vendor's scripts out of the SDK module that go.sum pins."""
    module = board.run(
        "engine", [go.binary, "list", "-m", "-f", "{{.Dir}}", parts.PULUMI_SDK], env=go.env, cwd=parts.engine().source
    ).strip()
    for script in parts.VENDOR_SCRIPTS:
        copy = destination / Path(script).name
        shutil.copyfile(Path(module) / script, copy)
        copy.chmod(0o755)


def _official_plugin(engine: Path, scratch: Path, places: Places, environ: Mapping[str, str], board: Board) -> bool:
    """Let an installed engine fetch the vendor's own plug-in; tell whether there is one now."""
    home = plugin_home(places)
    if home.exists():
        return True
    try:
        _install(engine, scratch / "official", [], environ, board)
    except ToolchainError:
        board.say("plug-in: the vendor's download site is out of reach; building our own")
        return False
    _keep(scratch / "official", home)
    return True


def _install(engine: Path, home: Path, source: list[str], environ: Mapping[str, str], board: Board) -> None:
    version = parts.pinned("pulumi-openstack")
    env = {**environ, **_QUIET, "PULUMI_HOME": str(home)}
    home.mkdir()
    board.run("plug-in", [engine / "pulumi", "plugin", "install", "resource", "openstack", f"v{version}", *source], env=env, cwd=home)
    board.say(f"plug-in: openstack v{version} installed")


def _keep(new: Path, home: Path) -> None:
    """Put a complete result in its place, in one step."""
    if home.exists():
        shutil.rmtree(new)
    else:
        new.rename(home)


@contextmanager
def _alone(places: Places, board: Board) -> Iterator[None]:
    """Hold the lock of the toolchain folder, waiting for another build, and clear what an interrupted one left."""
    places.toolchain.mkdir(parents=True, exist_ok=True)
    with (places.toolchain / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            board.say("another build is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in places.toolchain.glob(".new-*"):
            shutil.rmtree(leftover)
        yield
