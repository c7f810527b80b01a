"""Demo data of operators: there is none, but a call that shows what they see."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.demo_data import DemoSecrets, Hint, call
from handlers.domain import Site


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """A call as an operator."""
    secret = site.settings.admin_secret
    assert secret is not None
    header = f"X-Hero-Onboarding-Admin-Secret: {secret.get_secret_value()}"
    return [Hint("operator", call(site.settings.public_url, "user.list_full", header))]
