"""Demo data: a call that shows the plans."""

from collections.abc import Sequence

from handlers.demo_data import DemoSecrets, Hint, call
from handlers.domain import Site


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """Nothing is added."""
    return [Hint("plans", call(site.settings.public_url, "billing.plans"))]
