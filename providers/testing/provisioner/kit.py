"""All that a provisioner is tested with, in one class.

class TestMeadow(ProvisionerKit):
    provider = Meadow
    sku = "hero-os-2gb"

    def make(self): ...
    def stock(self, count): ...
"""

from providers.testing.provisioner.crowds import CrowdLaws
from providers.testing.provisioner.disks import DiskLaws
from providers.testing.provisioner.machines import MachineLaws
from providers.testing.provisioner.outages import OutageLaws
from providers.testing.provisioner.releases import ReleaseLaws
from providers.testing.provisioner.stops import StopLaws


class ProvisionerKit(MachineLaws, ReleaseLaws, StopLaws, DiskLaws, CrowdLaws, OutageLaws):
    """The generated kit of `Provisioner`, and the laws that no note in a schema can say."""
