"""The kit that every forge is tried with."""

from providers.testing.forge.kit import ForgeKit

__all__ = ["ForgeKit"]
