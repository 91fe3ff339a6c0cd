"""``ringfence init``: the platform's declaration and a first tenant's, from the cloud that can be seen or from flags."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.declaration import load_platform, names
from infra.declaration.values import A_NAME, NAME
from infra.errors import QuestionError
from ringfence.analysis import declarations
from ringfence.analysis.options import AsJson, console, emit
from ringfence.initial import choice, files, seen
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.initial.choice import Asked
    from ringfence.initial.seen import Seen

CHOSEN_BY = ("OS_CLOUD", "OS_AUTH_URL")
"""Variables that choose a cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be declared, where it is not taken from the cloud."""

    region: Annotated[str, typer.Option(help="Region; else the credential's.")] = ""
    external_network: Annotated[str, typer.Option(help="Network towards the outside; else the only one that the cloud has.")] = ""
    flavor: Annotated[str, typer.Option(help="Flavor of bastion and server; else the smallest with 512 MiB or more.")] = ""
    operators: Annotated[
        list[str] | None, typer.Option(metavar="PREFIX", help="From where operators reach the bastion; once per prefix. Needed.")
    ] = None
    image: Annotated[str, typer.Option(help="Name of the guest image that is uploaded.")] = ""
    backbone: Annotated[str, typer.Option(metavar="PREFIX", help="Prefix of the management backbone.")] = ""
    pool: Annotated[str, typer.Option(metavar="PREFIX", help="Prefix that the tenants' management subnets come from.")] = ""
    zone: Annotated[str, typer.Option(metavar="PREFIX", help="Prefix of the first tenant's zone.")] = ""

    def asked(self) -> choice.Asked:
        """Return what the platform is to be."""
        operators = tuple(self.operators or ())
        return choice.Asked(self.region, self.external_network, self.flavor, operators, self.image, self.backbone, self.pool)


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("init")(command)


@verb
def command(
    tenant: Annotated[str, typer.Argument(metavar="[TENANT]", help="Name of the first tenant.")] = "acme",
    *,
    cloud: Annotated[str, typer.Option("--cloud", metavar="NAME", help="Entry of clouds.yaml to look at; else what OS_* chooses.")] = "",
    wishes: Wishes,
    no_cloud: Annotated[bool, typer.Option("--no-cloud", help="Look at no cloud, whatever OS_* chooses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write Pulumi.yaml, Pulumi.platform.yaml and Pulumi.TENANT.yaml into the working directory; a file that is there stays as it is.

    A cloud is only read. What is written passes `ringfence validate`.

    Examples: `ringfence init acme --operators 198.51.100.0/24`; `ringfence init acme --no-cloud --region RegionOne --external-network
    public --flavor small --operators 198.51.100.0/24`
    """
    folder = Path.cwd()
    refuse_name(tenant)
    looked = _look(folder, cloud, no_cloud=no_cloud)
    wanted = texts_of(folder, tenant, wishes.asked(), looked, wishes.zone)
    kept = [name for name in wanted if (folder / name).exists()]
    texts = {name: text for name, text in wanted.items() if name not in kept}
    files.judged(folder, texts, declarations.now())
    files.write(folder, texts)
    steps = list(_steps(folder, tenant))
    if as_json:
        emit({"written": list(texts), "kept": kept, "cloud": looked.cloud, "next": steps})
        return
    out = console()
    for word, listed in (("written", texts), ("kept as it is", kept)):
        for name in listed:
            out.print(f"{word}: {name}", markup=False)
    out.print("next:", markup=False)
    for step in steps:
        out.print(f"  {step}", markup=False)


def refuse_name(tenant: str) -> None:
    """Refuse a name that would be another file, or the platform's."""
    if not re.fullmatch(NAME, tenant) or tenant == names.PLATFORM:
        raise QuestionError.of("this is no name of a tenant", where="TENANT", expected=A_NAME, got=tenant)


def _look(folder: Path, cloud: str, *, no_cloud: bool) -> Seen:
    """Look at the cloud, if one is chosen and there is something to choose for."""
    if cloud and no_cloud:
        raise QuestionError.of("these two contradict each other", where="--cloud --no-cloud", expected="one of the two")
    chosen = cloud or any(os.environ.get(name) for name in CHOSEN_BY)
    if no_cloud or not chosen or (folder / files.PLATFORM_FILE).exists():
        return seen.Seen()
    return seen.look(cloud or None)


def texts_of(folder: Path, tenant: str, asked: Asked, looked: Seen, zone: str) -> dict[str, str]:
    """Return all files by name. A platform that is declared already says where the tenant is, and stays."""
    texts = files.project(folder)
    if (folder / files.PLATFORM_FILE).exists():
        declared = load_platform(folder / files.PLATFORM_FILE).platform
        texts[files.PLATFORM_FILE] = ""
        where = asked.region or declared.region, asked.flavor or declared.bastion.flavor
    else:
        chosen = choice.choose(asked, looked)
        if meeting := list(choice.overlaps(looked, chosen.external_network, files.management_prefixes(chosen))):
            raise QuestionError(*meeting)
        texts[files.PLATFORM_FILE] = files.platform(chosen, looked)
        where = chosen.region, chosen.flavor
    return texts | {files.tenant_file(tenant): files.tenant(tenant, *where, zone)}


def _steps(folder: Path, tenant: str) -> Iterator[str]:
    """Yield what to do next, in order."""
    yield f"read {files.PLATFORM_FILE} and {files.tenant_file(tenant)}, and change what is otherwise with you"
    yield "ringfence validate                 # every mistake of the declarations"
    yield "ringfence prove                    # no packet passes between tenants"
    if (folder / "scripts" / "env").exists():
        yield 'eval "$(./scripts/env)"            # the engine; OS_CLOUD chooses your cloud'
    yield "ringfence keys                     # the automation's SSH key"
    for stack in (names.PLATFORM, tenant):
        yield f"pulumi stack init {stack} && pulumi up -s {stack}"
    yield f"ringfence verify {tenant}"
