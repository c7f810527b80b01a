"""Verification of people by iDenfy."""

from providers.idenfy.provider import IdenfyProvider
from providers.idenfy.settings import IdenfySettings

__all__ = ["IdenfyProvider", "IdenfySettings"]
