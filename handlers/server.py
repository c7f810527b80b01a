"""Run the web processes, and say when they answer."""

import threading
import time
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from codegen.runtime.http.serve import require_free
from codegen.runtime.http.serve import serve as serve_application
from handlers.settings import Settings

STARTING = 60.0
"""Seconds that a server may take until it answers."""


def metrics_directory(settings: Settings) -> Path:
    """Where the web processes of one server count together."""
    return settings.var_dir / "metrics" / str(settings.port)


def serve(settings: Settings, when_ready: Callable[[], None]) -> None:
    """Serve until a signal ends it. `when_ready` is called once the server answers. Raises `PortTaken`.

    The processes read their settings from the environment, as `handlers.app:create` does.
    """
    require_free(settings.host, settings.port, "set HERO_ONBOARDING_PORT")
    threading.Thread(target=_tell, args=(settings, when_ready), daemon=True).start()
    serve_application(
        "handlers.app:create",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        metrics=metrics_directory(settings),
    )


def _tell(settings: Settings, when_ready: Callable[[], None]) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    url = f"http://[{host}]:{settings.port}/healthz" if ":" in host else f"http://{host}:{settings.port}/healthz"
    until = time.monotonic() + STARTING
    # NOTE: this thread does nothing but sleep until all workers are forked. Were one forked in the middle of an import
    # that a request makes here, it would wait for that import for ever.
    while len(active_children()) < settings.workers and time.monotonic() < until:
        time.sleep(0.02)
    while time.monotonic() < until:
        try:
            with urlopen(url, timeout=1):
                when_ready()
                return
        except (URLError, OSError):
            time.sleep(0.05)
