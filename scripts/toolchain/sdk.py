"""What the Python SDK ``pulumi-openstack`` will ask the plug-in for: every resource token with its properties, every function token.

The bridge in ``provider/`` must answer to exactly these names. They are read from the source text of the installed SDK, without importing
it, and written to ``provider/sdk.json``, which is committed and compiled into the bridge; a test compares the file with a fresh reading.
"""

from __future__ import annotations

import ast
import json
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator

Shape = Literal["list", "single"]

# Types of nested values: half of the SDK's text, and no token in it.
_WITHOUT_TOKENS = {"outputs.py", "_inputs.py"}

CATALOGUE = Path(__file__).parent / "provider" / "sdk.json"


class Catalogue(TypedDict):
    """The whole of ``sdk.json``."""

    version: str
    resources: dict[str, dict[str, Shape]]
    functions: list[str]


def installed() -> Path:
    """Return the folder of the installed SDK.

    Raises:
        importlib.metadata.PackageNotFoundError: the SDK is not installed in this environment.
    """
    return Path(str(distribution("pulumi-openstack").locate_file("pulumi_openstack")))


def read(package: Path) -> Catalogue:
    """Read the tokens and property names from the source of the SDK in ``package``."""
    resources: dict[str, dict[str, Shape]] = {}
    functions: set[str] = set()
    for path in sorted(path for path in package.rglob("*.py") if path.name not in _WITHOUT_TOKENS):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        resources |= dict(_resources(tree))
        functions |= set(_functions(tree))
    plugin = json.loads((package / "pulumi-plugin.json").read_text(encoding="utf-8"))
    return Catalogue(version=plugin["version"], resources=dict(sorted(resources.items())), functions=sorted(functions))


def render(catalogue: Catalogue) -> str:
    """Return the text of ``sdk.json``: sorted, one token a line, so that a new SDK shows as a readable diff."""
    resources = ",\n".join(f"    {json.dumps(token)}: {json.dumps(names)}" for token, names in catalogue["resources"].items())
    functions = ",\n".join(f"    {json.dumps(token)}" for token in catalogue["functions"])
    version = json.dumps(catalogue["version"])
    return f'{{\n  "version": {version},\n  "resources": {{\n{resources}\n  }},\n  "functions": [\n{functions}\n  ]\n}}\n'


def _resources(tree: ast.Module) -> Iterator[tuple[str, dict[str, Shape]]]:
    """Yield (token, properties) for each ``@pulumi.type_token("openstack:...") class X(pulumi.CustomResource)``."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or [ast.unparse(base) for base in node.bases] != ["pulumi.CustomResource"]:
            continue
        for decorator in node.decorator_list:
            match decorator:
                case ast.Call(func=function, args=[ast.Constant(value=str(token))]) if ast.unparse(function) == "pulumi.type_token":
                    yield token, dict(sorted(_properties(node)))
                case _:
                    pass


def _properties(resource: ast.ClassDef) -> Iterator[tuple[str, Shape]]:
    """Yield (name on the wire, is it a list) for each output property of a resource class."""
    for node in resource.body:
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        for decorator in node.decorator_list:
            name = _wire_name(decorator, node.name)
            if name is not None:
                yield name, "list" if _is_list(node.returns) else "single"


def _wire_name(decorator: ast.expr, python_name: str) -> str | None:
    """Return the property's name on the wire when ``decorator`` is ``pulumi.getter`` or ``pulumi.getter(name="...")``."""
    match decorator:
        case ast.Call(func=function, keywords=[ast.keyword(arg="name", value=ast.Constant(value=str(name)))]):
            return name if ast.unparse(function) == "pulumi.getter" else None
        case _:
            return python_name if ast.unparse(decorator) == "pulumi.getter" else None


def _is_list(annotation: ast.expr) -> bool:
    """Tell ``pulumi.Output[Optional[Sequence[...]]]`` from everything else; only the outermost container counts."""
    while isinstance(annotation, ast.Subscript):
        outer = ast.unparse(annotation.value)
        if outer == "Sequence":
            return True
        if outer not in {"pulumi.Output", "Optional"}:
            return False
        annotation = annotation.slice
    return False


def _functions(tree: ast.Module) -> Iterator[str]:
    """Yield the token of each ``pulumi.runtime.invoke("openstack:...:getX", ...)``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="invoke"), args=[ast.Constant(value=str(token)), *_]):
                yield token
            case _:
                pass
