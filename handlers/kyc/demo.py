"""What to try of verification in the demo; its data come of clicking."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.demo_data import DemoSecrets, Hint
from handlers.domain import Site


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    return [Hint("verify", f"{site.settings.public_url}/kyc")]
