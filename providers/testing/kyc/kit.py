"""All that a KYC provider is tested with, in one class.

class TestLantern(KycKit):
    provider = Lantern
    signing_key = "a signing key of a test"
    secrets = ("an api key", signing_key)
    personal = ("SAMPLE-FIRST", "1990-01-01")

    def make(self): ...
    def decide(self, plugin, scan_ref, status): ...
    def sign(self, body, key): ...
"""

from providers.testing.kyc.attempts import AttemptLaws
from providers.testing.kyc.outages import OutageLaws
from providers.testing.kyc.verdicts import VerdictLaws


class KycKit(AttemptLaws, VerdictLaws, OutageLaws):
    """The generated kit of `KycProvider`, and the laws that no note in a schema can say."""
