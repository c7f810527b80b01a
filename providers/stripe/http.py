"""Requests of Stripe's SDK, over httpx: each answer within a time and a size, however it is spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import stripe

from codegen.runtime.client.whole_answer import Endless, certificates, whole_answer

TIMEOUT = 15
"""Seconds for each step of a request; the SDK's own default is 80."""
LONGEST = 18
"""Seconds from a request to the end of its answer's body; for each step before there is `TIMEOUT`."""
MOST_BYTES = 16 << 20


class StripeHttp(stripe.HTTPClient):
    """What the SDK sends its requests with; repeating them is its own affair."""

    name = "httpx"

    def __init__(self) -> None:
        super().__init__()
        self._http = httpx.Client(timeout=TIMEOUT, verify=certificates(), follow_redirects=False)

    def request(  # type: ignore[override]  # its own clients answer bytes, too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Raises `stripe.APIConnectionError`, which names nothing of what was sent."""
        try:
            answer = whole_answer(
                self._http, method, url, within=LONGEST, most=MOST_BYTES, headers=headers, content=post_data or None
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            again = not isinstance(error, Endless)
            raise stripe.APIConnectionError(type(error).__name__, should_retry=again) from None  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    def close(self) -> None:
        """End its connections."""
        self._http.close()
