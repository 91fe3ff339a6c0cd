"""The table of services."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from labcloud.apis import APIS
from labcloud.inside.steps import STEPS
from labcloud.model import Probe, Service, Stage, by_stage
from labcloud.services import services

if TYPE_CHECKING:
    from labcloud.layout import Layout


def stage_of(layout: Layout, name: str) -> Stage:
    """The stage of one service."""
    return next(service.stage for service in services(layout) if service.name == name)


def test_names_are_unique(layout: Layout) -> None:
    """A name is a key: of logs, of states, of `lab restart`."""
    names = [service.name for service in services(layout)]
    assert len(names) == len(set(names))


def test_every_api_is_served_once_on_its_own_port(layout: Layout) -> None:
    """Each API has one service, asked at its shifted port."""
    urls = {service.name: service.ready.subject for service in services(layout)}
    for api in APIS:
        assert urls[api.service] == (f"http://127.0.0.1:{api.port + 20000}{api.health}",)


def test_stages_respect_what_needs_what(layout: Layout) -> None:
    """Stores before what reads them, the switch before its controller, Keystone before all other APIs, APIs before the host."""
    chains = (
        ("mariadb", "keystone", "nova-api", "nova-compute"),
        ("ovsdb", "ovs-vswitchd", "ovn-controller", "neutron"),
        ("ovn-southbound", "ovn-northd"),
        ("ceph-mon", "ceph-osd", "cinder-volume"),
        ("rabbitmq", "nova-conductor"),
        ("virtlogd", "libvirtd", "nova-compute"),
    )
    for chain in chains:
        stages = [stage_of(layout, name) for name in chain]
        assert stages == sorted(set(stages)), chain


def test_every_step_around_a_service_exists(layout: Layout) -> None:
    """A step that is named in the table can be run inside."""
    for service in services(layout):
        for command in (service.command, *service.before, *service.after, service.ready.subject):
            if "labcloud.inside" in command:
                assert command[-1] in STEPS, service.name


def test_a_service_survives_the_wire(layout: Layout) -> None:
    """What the supervisor reads is what the table says."""
    for service in services(layout):
        assert Service.from_wire(json.loads(json.dumps(service.to_wire()))) == service


def test_grouping_keeps_every_service_and_sorts_the_stages(layout: Layout) -> None:
    """No service is lost between table and stages."""
    table = services(layout)
    groups = by_stage(tuple(reversed(table)))
    assert [stage for stage, _ in groups] == list(Stage)
    assert {service.name for _, members in groups for service in members} == {service.name for service in table}


def test_a_new_question_needs_no_new_process(layout: Layout) -> None:
    """A changed probe or patience leaves the process alone; a changed command or step does not."""
    service = services(layout)[0]
    assert replace(service, ready=Probe(), patience=1.0).runs_like(service)
    assert not replace(service, command=("true",)).runs_like(service)
    assert not replace(service, before=()).runs_like(service)
    assert not replace(service, environment=(("A", "b"),)).runs_like(service)
