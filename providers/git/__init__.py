"""The nodes' repositories on plain git servers and on this host's disk, as a file lists them."""

from providers.git.provider import GitForge
from providers.git.settings import GitSettings

__all__ = ["GitForge", "GitSettings"]
