"""The kit that a KYC provider is tested with: the generated conformance kit, and the laws of verification."""

from providers.testing.kyc.kit import KycKit

__all__ = ["KycKit"]
