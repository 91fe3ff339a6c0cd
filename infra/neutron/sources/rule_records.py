"""From the API's and the client's words to rules of security groups and port forwardings: what opens which ports to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.sources.reading import Json, Reader, convert
from infra.ranges import EVERYTHING, parse_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.neutron.sources.fields import Fields


def rule(data: Mapping[str, Any], where: str, fields: Fields | None = None) -> model.Rule:
    """Return a rule from the API's or the client's words; ``fields`` is told of it.

    Raises:
        SnapshotError: a field is missing or does not fit.
    """
    r = Reader("security group rule", data, where)
    if fields is not None:
        fields.look("security_group_rules", r.data)
    first, last = r.get("port_range_min"), r.get("port_range_max")
    if r.get("port_range"):
        printed = _port_range(str(r.get("port_range")), r)
        first, last = printed if (first, last) == (None, None) else (first, last)
        r.agree("port_range", (first, last), printed)
    found = {
        "id": r.get("id", default=""),
        "direction": r.need("direction"),
        "ethertype": r.need("ethertype", "ether_type"),
        "protocol": None if r.need("protocol", "ip_protocol") is None else str(r.need("protocol", "ip_protocol")),
        "port_range_min": first,
        "port_range_max": last,
        "remote_ip_prefix": _prefix(r),
        "remote_group_id": r.get("remote_group_id", "remote_security_group"),
        "remote_address_group_id": r.get("remote_address_group_id", "remote_address_group"),
        "description": r.get("description", default=""),
    }
    return convert(found, model.Rule, r.where)


def _prefix(r: Reader) -> str | None:
    """Return a rule's prefix, as it was asked for. Neutron computes another one of it, which drivers take; the client prints a third."""
    told = r.get("remote_ip_prefix")
    for other in (r.get("normalized_cidr"), _printed_range(r) if told else None):
        if other is not None and other != told and (told is None or parse_prefix(str(other)) != parse_prefix(str(told))):
            r.agree("remote_ip_prefix", told, other)
    return told or _printed_range(r)


def _printed_range(r: Reader) -> str | None:
    """Return the client's ``IP Range``.

    For a rule without a prefix it prints all addresses of the family, also where the remote end is a group (``_format_remote_ip_prefix``
    in openstackclient's ``network/v2/security_group_rule.py``): there it says nothing.
    """
    text: str | None = r.get("ip_range")
    of_group = r.get("remote_security_group") or r.get("remote_address_group")
    return None if of_group and text and parse_prefix(text) in EVERYTHING.values() else text


def _port_range(text: str, r: Reader) -> tuple[int | None, int | None]:
    """Read ``443:443``, ``type=8`` and ``type=8:code=0``, as the client prints them."""
    numbers = [part.split("=")[-1] for part in text.split(":")]
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        raise SnapshotError(Problem("this is no range of ports", where=r.where, expected="443:443 or type=8:code=0", got=text))
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None


def port_forwarding(data: Mapping[str, Any], floating: Reader) -> Json:
    """Return a port forwarding's fields; a single port may also be printed as a range."""
    r = Reader("port forwarding", data, floating.where)
    if floating.fields is not None:
        floating.fields.look("port_forwardings", r.data)
    outer, inner = _ends(r, "external_port"), _ends(r, "internal_port")
    return {
        "protocol": r.need("protocol"),
        "internal_ip_address": r.need("internal_ip_address"),
        "internal_port_id": r.need("internal_port_id"),
        "external_port": outer[0],
        "external_port_last": outer[1],
        "internal_port": inner[0],
        "internal_port_last": inner[1],
    }


def _ends(r: Reader, name: str) -> tuple[int, int | None]:
    single = r.get(name)
    first, _, last = (str(single) if single is not None else str(r.need(f"{name}_range"))).partition(":")
    texts = (first, last or first)
    if not all(text.isascii() and text.isdecimal() for text in texts):
        raise SnapshotError(Problem("this is no range of ports", where=f"{r.where} {name}", expected="443 or 443:450", got=":".join(texts)))
    return int(first), int(texts[1]) if last or single is None else None
