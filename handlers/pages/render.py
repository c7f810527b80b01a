"""Turn a template and what it shows into an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handlers.domain import Pages
from handlers.pages import shown
from handlers.pages.assets import Assets
from handlers.pages.security import content_security_policy, page_headers
from handlers.settings import Settings


class Renderer:
    """The templates of this site, with the headers every page is sent with."""

    def __init__(self, settings: Settings, assets: Assets, offered: Sequence[Pages]) -> None:
        self.titles = MappingProxyType({name: title for pages in offered for name, title in pages.titles.items()})
        """What people call the providers that sources of the ledger name."""
        targets = {target for pages in offered for target in pages.form_targets}
        self.headers = MappingProxyType(page_headers(content_security_policy(targets)))
        folders = [pages.templates for pages in offered if pages.templates is not None]
        self._pages = Environment(
            loader=FileSystemLoader([Path(__file__).parent / "templates", *folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._pages.filters |= {
            "money": shown.money,
            "percent": shown.percent,
            "in_cents": shown.in_cents,
            "in_micros": shown.in_micros,
            "quantity": shown.quantity,
            "decimal": shown.decimal,
            "resource": shown.resource,
            "why": partial(shown.why, self.titles),
            "provider": partial(shown.provider, self.titles),
            "usage_commit": shown.usage_commit,
            "when": shown.when,
            "day": shown.day,
            "address": shown.address,
            "short": shown.short,
            "browser": shown.browser,
            "account": shown.account,
            "transaction": shown.transaction,
        }
        self._pages.globals |= {
            "asset": assets.url,
            "site": settings.public_url,
            "sandbox": bool(settings.sandbox_url),
            "TOP_UPS": shown.TOP_UPS,
            "navigation": sorted((link for pages in offered for link in pages.navigation), key=lambda link: link.place),
        }

    def page(self, resp: falcon.Response, template: str, values: Mapping[str, Any], status: int = 200) -> None:
        """Answer with a page."""
        resp.set_headers(self.headers)
        resp.status = status
        resp.content_type = falcon.MEDIA_HTML
        resp.text = self._pages.get_template(template).render(values)
