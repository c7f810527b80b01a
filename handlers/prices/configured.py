"""The price book that a site starts with: the one of its settings, or the shipped one as long as there is none."""

from codegen.runtime.errors import DeclaredError
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.settings import SettingsInvalid


def load_configured(books: PriceBooks, settings: PriceSettings) -> None:
    """Load it. Raises `SettingsInvalid` for a file that cannot be read, or that another book stands against."""
    try:
        books.load_configured(settings.prices)
    except DeclaredError as error:
        raise SettingsInvalid([f"{settings.variable('prices')}: {said(error)}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid([f"{settings.variable('prices')}: {error}"]) from None


def said(error: DeclaredError) -> str:
    """An error with what it tells beside its sentence."""
    detail = ", ".join(str(value) for value in error.data().values())
    return f"{error}: {detail}" if detail else str(error)
