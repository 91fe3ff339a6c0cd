"""What editors and readers are told about a declaration is what the code checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.declaration import load_platform, load_tenant, services
from infra.declaration.model import Declared, Flow, Platform, Server, Tenant, Zone
from infra.declaration.schema import reference, schema_text, stack_schema
from infra.declaration.wording import meanings
from tests.fast.declaration import declared

ROOT = Path(__file__).resolve().parents[3]


def test_the_kept_schema_is_current() -> None:
    """The file in the repository is what the model says today; next: ringfence schema --write."""
    assert (ROOT / "docs/schema/stack.json").read_text(encoding="utf-8") == schema_text()


def test_the_manuals_tables_are_current() -> None:
    """The manual ends with the tables that the model says today; next: ringfence schema --write."""
    assert (ROOT / "docs/declaration.md").read_text(encoding="utf-8").endswith("\n\n" + reference())


def test_every_key_is_explained() -> None:
    """No key of a declaration is without a description, so that an editor can show one."""
    offered: list[type[Declared]] = [model for model in vars(services).values() if isinstance(model, type) and issubclass(model, Declared)]
    models: list[type[Declared]] = [Tenant, Platform, Zone, Server, Flow, *offered]
    silent = [f"{model.__name__}.{name}" for model in models for name in model.model_fields if not meanings(model).get(name)]
    assert not silent


def test_the_schema_knows_what_people_write() -> None:
    """Keys are those of the file (``from``, ``to``), the tenant's name is not one of them, and unknown keys are refused."""
    schema = json.loads(schema_text())
    tenant = schema["properties"]["config"]["properties"]["ringfence:tenant"]
    assert tenant["additionalProperties"] is False
    assert "name" not in tenant["properties"]
    assert {"from", "to", "protocol", "reason", "owner"} == set(schema["$defs"]["Flow"]["required"])


def test_every_reference_leads_somewhere() -> None:
    """A schema with a dangling reference is ignored by editors without a word."""

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            return {str(node["$ref"])} if "$ref" in node else set().union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    schema: dict[str, Any] = stack_schema()
    assert references(schema) <= {f"#/$defs/{name}" for name in schema["$defs"]}


@pytest.mark.parametrize(
    ("document", "before", "after"), [("docs/declaration.md", "```yaml\n", "```"), ("README.md", "<<'YAML'\n", "YAML")]
)
def test_an_example_that_readers_copy_is_right(document: str, before: str, after: str, tmp_path: Path) -> None:
    """The examples of the documents are accepted as they stand, on the platform that is shipped."""
    text = (ROOT / document).read_text(encoding="utf-8").split(before)[1].split(after)[0]
    path = tmp_path / "Pulumi.initech.yaml"
    path.write_text(text, encoding="utf-8")
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    assert load_tenant(path, platform, today=declared.TODAY).tenant.flows
