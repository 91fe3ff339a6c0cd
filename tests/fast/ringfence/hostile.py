"""Names as somebody writes them who wants to be more than a name, and a cloud in which everything is called so."""

from __future__ import annotations

import msgspec

from infra.neutron.snapshot import Network, Port, Project, SecurityGroup, Server, Source, Unknown
from tests.fast.neutron.clouds import OPEN, Cloud, two_tenants

FORGED = "         holds  structure  forged"
SCRIPT = "<script>document.title='ran'</script>"

NAMES = (
    "\x1b[2K\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mc1 \x85 \x7f \x00 \x07 \x08",
    "\u202egnp.exe \u2066x\u2069 \u200b \u2028 \u2029 \ufeff",
    f"end\r\n{FORGED}\n{FORGED}",
    "[red]markup[/red] [/nope] [link=https://evil.example]x[/link] :warning:",
    f"{SCRIPT}</title></style><img src=x onerror=document.title='ran'>",
    "\" onmouseover=\"document.title='ran'\" x='",
    "' onfocus=document.title='ran' autofocus {{7*7}} {% raw %}",
    '=cmd|"/C calc"!A0',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    '"]; "a" -> "b"; "forged" [label="',
    'backslash \\" -> \\',
    "pipe | pipe \\| `code` ``` | [md](javascript:alert(1)) ![x](http://evil.example) <b>b</b> *a* _b_ # h",
    "www.evil.example https://evil.example @everybody a@evil.example",
    "<!-- --> &lt; &#60; ]]> <![CDATA[",
    "long" * 500,
    "{0} {finding} %s %(x)s ${x}",
    "\ue000\ufffe\U000e0041",
)
"""Escape sequences, links of terminals, C1 and C0, marks of direction, line ends, markup, scripts, formulas, graphs, Markdown, places."""

UNPAIRED = "lone \ud800 \udfff"
"""No snapshot can hold it; declarations of other programs and answers of an API may."""


def hostile() -> Cloud:
    """Return two tenants that share a network, everything of whom has one of the names; what passes can be explained."""
    cloud = two_tenants()
    for number, name in enumerate(NAMES):
        told = Source(file=name, line=1, tenant="acme", flow=name, owner=name, reason=name)
        cloud.network(f"n{number}", "acme", f"10.{number + 1}.0.0/24")
        cloud.change(Network, f"n{number}", name=name)
        cloud.add(Server(id=f"s{number}", name=name, project_id="acme"))
        rules = tuple(
            msgspec.structs.replace(rule, id=f"{number}/{place}", description=name, source=None if place else told)
            for place, rule in enumerate(OPEN)
        )
        cloud.add(SecurityGroup(id=f"g{number}", name=name, project_id="acme", rules=rules))
        cloud.port(f"p{number}", f"n{number}", "acme", f"10.{number + 1}.0.5", groups=(f"g{number}",), device_id=f"s{number}")
        cloud.change(Port, f"p{number}", name=name)
        cloud.add(Project(id=f"t{number}", name=name))
        cloud.port(f"q{number}", f"n{number}", f"t{number}", f"10.{number + 1}.0.6", groups=("globex-open",))
        cloud.add(Unknown(type=name, id=f"u{number}", name=name, reason=name))
    return cloud
