"""All that a forge is tested with, in one class.

class TestHearth(ForgeKit):
    provider = Hearth
    signing_key = "a signing key of a test"
    secrets = ("a token", signing_key)

    def make(self): ...
    def commit(self, plugin, name, branch="main"): ...
    def announced(self, plugin, name, branch="main"): ...
    def sign(self, body, key): ...
    def sent(self, plugin, name, branch="main"): ...
"""

from providers.testing.forge.addresses import AddressLaws
from providers.testing.forge.announcing import AnnouncingLaws
from providers.testing.forge.outages import OutageLaws
from providers.testing.forge.pushes import PushLaws
from providers.testing.forge.repositories import RepositoryLaws


class ForgeKit(RepositoryLaws, AddressLaws, PushLaws, AnnouncingLaws, OutageLaws):
    """The generated kit of `Forge`, and the laws that no note in a schema can say."""
