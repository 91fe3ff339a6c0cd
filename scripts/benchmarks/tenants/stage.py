"""The stacks of a crowd in a temporary copy of the project: the engine's runs side by side, as many as the machine has memory for."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from benchmarks.tenants import declarations, fleet
from benchmarks.up.measurements.changes import finished
from infra.declaration import load_platform, names
from infra.errors import CloudError
from infra.fleet import room
from ringfence.demo import TENANTS, stacks
from ringfence.project import ROOT, Project, declaration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.tenants.declarations import Crowd
    from benchmarks.tenants.fleet import Said

SERVER_MIB = 700
"""What the hypervisor takes for a server of the flavor tiny."""
PLATFORM = f"Pulumi.{names.PLATFORM}.yaml"


def at_once(crowd: Crowd) -> int:
    """Return how many runs of the engine there is room for beside the servers that they make."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    free = next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("MemAvailable:"))
    free -= (crowd.tenants * SERVER_MIB << 20) if crowd.servers else 0
    return room.at_once(os.cpu_count() or 1, free)


class Stage:
    """A folder with the declarations of a crowd, of the shipped tenants, and of a platform with routers enough."""

    def __init__(self, folder: Path, crowd: Crowd, say: Callable[[str], None]) -> None:
        """Write all declarations."""
        self.folder, self.crowd, self._say = folder, crowd, say
        declared = load_platform(ROOT / PLATFORM).platform
        others = len([name for name in stacks.known(os.environ) if name not in {names.PLATFORM, *crowd.names()}])
        written = yaml.safe_load((ROOT / PLATFORM).read_text(encoding="utf-8"))
        own = declarations.platform(written, crowd, declared, others)
        (folder / PLATFORM).write_text(declaration_text(own), encoding="utf-8")
        self.platform = Project(folder, names.PLATFORM, beside=TENANTS)
        self.projects = [Project(folder, name, beside=TENANTS) for name in crowd.names()]
        for project in self.projects:
            project.declare(declarations.tenant(declared.region, server=crowd.servers))

    def up(self) -> Said:
        """Bring the platform up, then all tenants by ``ringfence fleet up``. Raises :class:`CloudError` with all that failed."""
        self._say("platform: its further routers")
        finished(self.platform.run("up", "--yes", "--skip-preview", hear=self._say))
        for project in self.projects:
            project.ensure()
        told = self.fleet(fleet.UP, "--at-once", str(at_once(self.crowd)))
        if told.bad:
            got = "; ".join(told.bad[:3])
            raise CloudError.of("not all tenants are up", expected=f"{self.crowd.tenants} tenants", got=got)
        return told

    def fleet(self, verb: Sequence[str], *options: str) -> Said:
        """Run a verb of ``ringfence fleet`` for the crowd."""
        self._say(f"ringfence fleet {' '.join(verb)}")
        return fleet.asked(self.folder, verb, self.crowd.names(), *options)

    def down(self) -> dict[str, float]:
        """Destroy all that the engine has of the crowd, and forget it; return the seconds of each."""
        known = set(stacks.known(os.environ))
        return self._destroyed([project for project in self.projects if project.stack in known])

    def _destroyed(self, projects: Iterable[Project]) -> dict[str, float]:
        def timed(project: Project) -> float:
            began = time.monotonic()
            _destroy(project)
            return time.monotonic() - began

        seconds: dict[str, float] = {}
        failed: dict[str, str] = {}
        with ThreadPoolExecutor(at_once(self.crowd)) as pool:
            asked = {pool.submit(timed, project): project.stack for project in projects}
            try:
                for future in as_completed(asked):
                    name, error = asked[future], future.exception()
                    if error is None:
                        seconds[name] = future.result()
                    else:
                        failed[name] = str(error)
                    self._say(f"destroyed: {len(seconds)} of {len(asked)}{f', {len(failed)} failed' if failed else ''}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if failed:
            got, expected = next(iter(failed.values())), f"{len(asked)} tenants"
            raise CloudError.of("not all tenants were destroyed", where=", ".join(failed), expected=expected, got=got)
        return seconds


def _destroy(project: Project) -> None:
    """Destroy a stack and forget it; a run that was killed before may have left its lock."""
    project.run("cancel", "--yes")
    ended = project.run("destroy", "--yes", "--skip-preview")
    if ended.status:
        ended = project.run("destroy", "--yes", "--skip-preview")
    finished(ended)
    finished(project.run("stack", "rm", "--yes"))


def platform_as_shipped(folder: Path, say: Callable[[str], None]) -> None:
    """Bring the platform back to the declaration of the work tree: its further routers go, once nobody is behind them."""
    shutil.copy(ROOT / PLATFORM, folder)
    finished(Project(folder, names.PLATFORM, beside=TENANTS).run("up", "--yes", "--skip-preview", hear=say))
