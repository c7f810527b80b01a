"""The nodes' repositories at Forgejo or Gitea."""

from providers.forgejo.provider import ForgejoForge
from providers.forgejo.settings import ForgejoSettings

__all__ = ["ForgejoForge", "ForgejoSettings"]
