"""What a tenant's declaration may not say: for each case one change to a right one, and all that must be said about it."""

from __future__ import annotations

from tests.fast.declaration.declared import ABSENT
from tests.fast.declaration.refused_flows import FLOWS, Refused, one

SOMEBODY = {"name": "anna berg", "title": "engineer", "location": "hall 1", "contact": "anna@example.org"}
END = {"requested_by": "erika muster", "ticket": "C-1", "not_before": "2030-01-31", "return_data": "not-wanted"}
"""An end of a tenant that is declared as it should be."""

ZONES: dict[str, Refused] = {
    "two zones overlap": one(
        {"zones.data.cidr": "10.0.0.128/25", "servers.db.zones.data": 14, "servers.both.zones.data": 15},
        "zones.data.cidr",
        "the zone overlaps zone app",
        "outside 10.0.0.0/24",
    ),
    "two zones overlap in IPv6": one({"zones.data.cidr6": "fd00:1:2::/65"}, "zones.data.cidr6", "the zone overlaps zone app"),
    "a zone overlaps the management pool": one(
        {"zones.data.cidr": "172.30.7.0/24"}, "zones.data.cidr", "the prefix overlaps the management pool", "outside 172.30.0.0/16"
    ),
    "a zone overlaps the backbone": one(
        {"zones.data.cidr": "172.29.0.128/25"}, "zones.data.cidr", "the prefix overlaps the management backbone", "172.29.0.0/24"
    ),
    "a zone has host bits": one(
        {"zones.spare": {"cidr": "10.9.0.1/24"}}, "zones.spare.cidr", "the prefix has host bits set", "10.9.0.0/24"
    ),
    "a zone is everything": Refused(
        {"zones": {"app": {"cidr": "0.0.0.0/0"}}, "servers": {}, "flows": {}},
        (
            ("zones.app.cidr", "the zone has no sensible size", "/16 to /29"),
            ("zones.app.cidr", "the prefix is reserved", ""),
            ("zones.app.cidr", "the prefix overlaps the management pool", ""),
            ("zones.app.cidr", "the prefix overlaps the management backbone", ""),
            ("externals.partner.cidrs[0]", "the external overlaps zone app", ""),
        ),
    ),
    "a zone has no room": one({"zones.spare": {"cidr": "10.9.0.0/30"}}, "zones.spare.cidr", "the zone has no sensible size"),
    "an IPv6 zone has no room": one(
        {"zones.spare": {"cidr": "10.9.0.0/24", "cidr6": "fd00:9::/127"}}, "zones.spare.cidr6", "the zone has no sensible size"
    ),
    "a zone is the metadata address's": one({"zones.spare": {"cidr": "169.254.169.0/24"}}, "zones.spare.cidr", "the prefix is reserved"),
    "a zone is loopback": one({"zones.spare": {"cidr": "127.0.1.0/24"}}, "zones.spare.cidr", "the prefix is reserved"),
    "a zone is multicast": one({"zones.spare": {"cidr": "239.1.1.0/24"}}, "zones.spare.cidr", "the prefix is reserved"),
    "an IPv6 zone is link-local": one(
        {"zones.spare": {"cidr": "10.9.0.0/24", "cidr6": "fe80::/64"}}, "zones.spare.cidr6", "the prefix is reserved"
    ),
    "a zone is an address": one({"zones.spare": {"cidr": "10.9.0.1"}}, "zones.spare.cidr", "not an IPv4 prefix", "10.0.0.0/24"),
    "a zone is a number": one({"zones.spare": {"cidr": 10}}, "zones.spare.cidr", "not an IPv4 prefix"),
    "a zone has the families mixed up": one(
        {"zones.spare": {"cidr": "fd00:9::/64"}}, "zones.spare.cidr", "not an IPv4 prefix", "this one is IPv6"
    ),
    "a zone is nothing": one({"zones.spare": None}, "zones.spare", "not a mapping", "cidr, cidr6"),
    "a region is not allowed": one({"region": "west"}, "region", "the region is not allowed", "one of north, south"),
    "a region is not the platform's": one({"region": "south"}, "region", "the platform is in another region, and builds there", "north"),
    "an external overlaps a zone": one(
        {"externals.office": {"cidrs": ["10.0.0.0/8"]}}, "externals.office.cidrs[0]", "the external overlaps zone app", "10.0.0.0/24"
    )._replace(
        mistakes=(
            ("externals.office.cidrs[0]", "the external overlaps zone app", "10.0.0.0/24"),
            ("externals.office.cidrs[0]", "the external overlaps zone data", "10.0.1.0/24"),
        )
    ),
    "an external overlaps the management pool": one(
        {"externals.office": {"cidrs": ["172.30.1.0/24"]}}, "externals.office.cidrs[0]", "the prefix overlaps the management pool"
    ),
    "an external is nearly everybody": one(
        {"externals.office": {"cidrs": ["128.0.0.0/3"]}}, "externals.office.cidrs[0]", "the external is too wide", "internet"
    )._replace(mistakes=(("externals.office.cidrs[0]", "the external is too wide", "internet"),)),
    "an external names an address twice": one(
        {"externals.office": {"cidrs": ["198.18.0.0/24", "198.18.0.7/32"]}},
        "externals.office.cidrs[1]",
        "the prefix overlaps 198.18.0.0/24",
    ),
    "an external has no prefix": one(
        {"externals.office": {"cidrs": []}}, "externals.office.cidrs", "nothing is listed", "a list of prefixes"
    ),
}

NAMES: dict[str, Refused] = {
    "a name is too long": one({f"zones.{'z' * 32}": {"cidr": "10.9.0.0/24"}}, f"zones.{'z' * 32}", "not a name", "31"),
    "a name has capitals": one({"zones.Spare": {"cidr": "10.9.0.0/24"}}, "zones.Spare", "not a name", "lower-case"),
    "a name ends in a hyphen": one({"zones.spare-": {"cidr": "10.9.0.0/24"}}, "zones.spare-", "not a name", "hyphen"),
    "a zone is called management": one(
        {"zones.management": {"cidr": "10.9.0.0/24"}}, "zones.management", "management has a meaning of its own"
    ),
    "a server is called internet": one(
        {"servers.internet": {"zones": {"data": 50}, "flavor": "small", "root": 2}}, "servers.internet", "internet has a meaning of its own"
    ),
    "more servers than the management network holds": one(
        {f"servers.more{n}": {"zones": {"data": 100 + n}, "flavor": "small", "root": 2} for n in range(12)},
        "servers.more10",
        "the management network has no address for this server",
        "at most 13",
    ),
    "an external is everybody in 256 parts": one(
        {"externals.office": {"cidrs": [f"{n}.0.0.0/8" for n in range(11, 127) if n != 100]}},
        "externals.office.cidrs",
        "the external is too wide",
        "as in one prefix of /8",
    ),
    "an external is nearly everybody in small parts of one family": one(
        {"externals.office": {"cidrs": ["192.0.2.0/24", "2400::/16", "2600::/16"]}},
        "externals.office.cidrs",
        "the external is too wide",
        "/16",
    ),
    "the externals together are everybody": one(
        {f"externals.e{n}": {"cidrs": [f"{n}.0.0.0/8"]} for n in range(11, 17)},
        "externals",
        "the externals together are nearly everybody",
        "4",
    ),
    "a server has a zone's name": one(
        {"servers.app": {"zones": {"data": 50}, "flavor": "small", "root": 2}}, "servers.app", "the name is taken by zones.app"
    ),
    "a disk is called root": one({"servers.web.data": {"root": {"size": 1}}}, "servers.web.data.root", "root is the server's root disk"),
    "two ports come out with one name": one(
        {
            "zones.b-c": {"cidr": "10.9.0.0/24"},
            "zones.c": {"cidr": "10.8.0.0/24"},
            "servers.a": {"zones": {"b-c": 9}, "flavor": "small", "root": 2},
            "servers.a-b": {"zones": {"c": 9}, "flavor": "small", "root": 2},
        },
        "servers.a-b.zones.c",
        "two ports would be called acme-a-b-c",
    ),
    "two volumes come out with one name": one(
        {
            "servers.a": {"zones": {"data": 50}, "flavor": "small", "root": 2, "data": {"b-root": {"size": 1}}},
            "servers.a-b": {"zones": {"data": 51}, "flavor": "small", "root": 2},
        },
        "servers.a-b",
        "two volumes would be called acme-a-b-root",
    ),
}

SERVERS: dict[str, Refused] = {
    "a server is in an unknown zone": one(
        {"servers.db.zones": {"dtaa": 13}}, "servers.db.zones.dtaa", "unknown zone", "did you mean data?"
    ),
    "a server is in no zone": one(
        {"servers.spare": {"zones": {}, "flavor": "small", "root": 2}}, "servers.spare.zones", "nothing is listed", "at least one"
    ),
    "two servers have one address": one({"servers.db.zones.data": 12}, "servers.db.zones.data", "server both has this host number already"),
    "a server has the gateway's address": one(
        {"servers.spare": {"zones": {"data": 1}, "flavor": "small", "root": 2}},
        "servers.spare.zones.data",
        "the host number is taken",
        "gateway",
    ),
    "a server has the network's address": one(
        {"servers.spare": {"zones": {"data": 0}, "flavor": "small", "root": 2}}, "servers.spare.zones.data", "the host number is taken"
    ),
    "a server has the broadcast address": one(
        {"servers.db.zones.data": 255}, "servers.db.zones.data", "zone data has no such host number", "2 to 254"
    ),
    "a server is outside its zone": one({"servers.db.zones.data": 300}, "servers.db.zones.data", "zone data has no such host number"),
    "a server is outside its IPv6 zone": one(
        {"zones.app.cidr6": "fd00:1:2::/124", "servers.web.zones.app": 16},
        "servers.web.zones.app",
        "zone app has no such host number",
        "2 to 15",
    ),
    "a public address in a zone that is not the server's": one(
        {"servers.web.public": "data"}, "servers.web.public", "the server is not in this zone"
    ),
    "a public address where answers do not leave": one(
        {"servers.both.public": "data"}, "servers.both.public", "the public address is not in the server's first zone", "write data first"
    ),
    "a volume type that does not encrypt": one(
        {"servers.db.volume_type": "plain"}, "servers.db.volume_type", "the volume type does not encrypt", "one of vault"
    ),
    "an unknown volume type": one({"servers.db.volume_type": "gold"}, "servers.db.volume_type", "unknown volume type"),
    "a server without a flavor": one({"servers.db.flavor": ABSENT}, "servers.db.flavor", "flavor is missing"),
    "a disk without a size": one({"servers.db.data.db": {}}, "servers.db.data.db.size", "size is missing"),
    "a root disk of nothing": one({"servers.db.root": 0}, "servers.db.root", "the number is too small", "2 or more"),
}

FRAME: dict[str, Refused] = {
    "an unknown key": one({"zone": {}}, "zone", "unknown key", "did you mean zones?"),
    "an unknown key in a flow": one({"flows.sql.port": 5432}, "flows.sql.port", "unknown key", "did you mean ports?"),
    "an unknown key in a flow hides nothing": Refused(
        {"flows.sql.port": 5432, "flows.sql.ports": [22]},
        (("flows.sql.port", "unknown key", ""), ("flows.sql.ports[0]", "no flow may open a management port", "")),
    ),
    "a flow by the code's names": Refused(
        {"flows.sql.source": "app", "flows.sql.from": ABSENT},
        (("flows.sql.from", "from is missing", ""), ("flows.sql.source", "unknown key", "")),
    ),
    "the name in the file": one({"name": "other"}, "name", "unknown key"),
    "no zones": one({"zones": {}, "servers": {}, "flows": {}}, "zones", "nothing is listed", "at least one"),
    "no labels": one({"labels": ABSENT}, "labels", "labels is missing"),
    "an unknown classification": one(
        {"labels.classification": "cosmic"}, "labels.classification", "not one of the known values", "confidential"
    ),
    "a section that is a list": one({"flows": []}, "flows", "not a mapping"),
    "a region that is a number": one({"region": 5}, "region", "not a text", "quotes"),
}

FREEZE = ["fsfreeze -f /data"]
BACKUPS: dict[str, Refused] = {
    "a server that is frozen for good": one(
        {"servers.db.backup": {"quiesce": FREEZE}}, "servers.db.backup.thaw", "quiesce without thaw", "both of them"
    ),
    "a server that is thawed only": one({"servers.db.backup": {"thaw": FREEZE}}, "servers.db.backup.quiesce", "thaw without quiesce"),
    "a tenant that is frozen for good": one({"backup": {"quiesce": FREEZE}}, "backup.thaw", "quiesce without thaw", "both of them"),
    "one level freezes and another thaws": Refused(
        {"backup": {"quiesce": FREEZE}, "servers.db.backup": {"thaw": FREEZE}},
        (("backup.thaw", "quiesce without thaw", ""), ("servers.db.backup.quiesce", "thaw without quiesce", "")),
    ),
    "an end without a day": one(
        {"offboarding": END, "offboarding.not_before": ABSENT}, "offboarding.not_before", "not_before is missing", "first day"
    ),
    "an end without a word on data": one({"offboarding": {**END, "return_data": "maybe"}}, "offboarding.return_data", "not one of"),
    "an end with an unknown key": one({"offboarding": {**END, "not_after": "2030-01-31"}}, "offboarding.not_after", "unknown key"),
    "an end that one person runs and verifies": one(
        {"offboarding": {**END, "run_by": SOMEBODY, "verified_by": SOMEBODY}},
        "offboarding.verified_by.name",
        "who runs the removal verifies it, too",
        "two people",
    ),
    "backups at no time": one({"backup": {"at": "25:00"}}, "backup.at", "not a time of day", "in UTC"),
    "backups that keep one": one({"servers.db.backup": {"keep": 1}}, "servers.db.backup.keep", "the number is too small", "2 or more"),
    "backups of an unknown kind": one({"backup": {"mode": "weekly"}}, "backup.mode", "not one of the known values", "increments"),
    "backups with an unknown key": one({"backup": {"kep": 7}}, "backup.kep", "unknown key", "did you mean keep?"),
    "backups with no command": one(
        {"backup": {"quiesce": [], "thaw": FREEZE}}, "backup.quiesce", "nothing is listed", "a list of commands"
    ),
    "backups with one text for commands": one(
        {"backup": {"quiesce": "fsfreeze", "thaw": FREEZE}}, "backup.quiesce", "not a list", "a list of commands"
    ),
}

CASES = ZONES | NAMES | SERVERS | FLOWS | FRAME | BACKUPS
