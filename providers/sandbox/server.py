"""The sandbox as a process: what a web server loads, told by the environment where it stands and whom it calls."""

import os
from pathlib import Path

from codegen.runtime.clock import follow
from providers.sandbox.app import Application, create

STORE, OWN_URL, PRODUCT_URL = "HERO_SANDBOX_STORE", "HERO_SANDBOX_OWN_URL", "HERO_SANDBOX_PRODUCT_URL"
CLOCK = "HERO_SANDBOX_CLOCK"


def application() -> Application:
    """The sandbox's application, its webhooks on their way."""
    if path := os.environ.get(CLOCK):  # the site jumps in time: what is signed here is fresh there
        follow(Path(path))
    sandbox = create(os.environ[STORE], own_url=os.environ[OWN_URL], product_url=os.environ[PRODUCT_URL])
    sandbox.deliveries.start()
    return sandbox.app
