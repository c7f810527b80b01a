"""What plans ask of the machines: the room that keeps them shares an object of this kind, `site.find(PlanMachines)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from generated.models.onboarding import PlanPurchase


class PlanMachines(ABC):
    """Machines as plans know them.

    `free` and `at_once` are called outside of transactions and may ask a provisioner. All others are called inside a
    transaction of the plans: they only write down what is to be done, and doing that twice is doing it once.
    """

    @abstractmethod
    def free(self, sku: str) -> int:
        """How many machines of a size could be allocated now."""

    def can_serve(self, sku: str, count: int) -> bool:
        """Whether `count` machines of a size could be allocated now."""
        return self.free(sku) >= count

    @abstractmethod
    def period_renewed(self, user_sid: str, purchase: PlanPurchase) -> None:
        """The user's machines go on under this purchase, as many as it has places for, and expire with it. Those that
        were stopped for want of money, or at the end of the period before, start again."""

    @abstractmethod
    def period_ended(self, user_sid: str, at: datetime) -> None:
        """A period ended and was not renewed: the user's machines stop. Their disks are kept for seven days from `at`,
        then they are released and wiped."""

    @abstractmethod
    def suspend(self, user_sid: str, at: datetime) -> None:
        """The user owes too much: machines that no paid period keeps up stop. Those in one stay up."""

    @abstractmethod
    def resume(self, user_sid: str, at: datetime) -> None:
        """The user has paid: what `suspend` stopped starts again."""

    @abstractmethod
    def at_once(self, user_sid: str) -> None:
        """Do now, outside of any transaction, what was written down for this user; what fails is left to the jobs."""
