"""Machines from a pool that operators deployed beforehand."""

from providers.pool.provider import PoolAssignmentProvisioner
from providers.pool.settings import PoolSettings

__all__ = ["PoolAssignmentProvisioner", "PoolSettings"]
