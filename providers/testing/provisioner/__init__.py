"""The kit that a provisioner is tested with: the generated conformance kit, and the laws of machines."""

from providers.testing.provisioner.kit import ProvisionerKit

__all__ = ["ProvisionerKit"]
