"""Run the web processes."""

from collections.abc import Callable

from codegen.runtime.http.serve import serve as serve_application
from handlers.settings import Settings


def serve(settings: Settings, when_ready: Callable[[], None]) -> None:
    """Serve until a signal ends it. `when_ready` is called once the server answers. Raises `PortTaken`.

    The processes read their settings from the environment, as `handlers.app:create` does.
    """
    serve_application(
        "handlers.app:create",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        when_ready=when_ready,
    )
