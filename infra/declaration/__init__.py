"""What a person writes: the model of ``Pulumi.<stack>.yaml``, its validation as a whole, and the JSON Schema for editors."""

from infra.declaration.held import PlatformDeclaration, TenantDeclaration
from infra.declaration.loader import load_platform, load_tenant
from infra.declaration.yaml.source import Lines, Location

__all__ = ["Lines", "Location", "PlatformDeclaration", "TenantDeclaration", "load_platform", "load_tenant"]
