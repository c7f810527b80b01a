"""Payments by ClickPesa: its hosted checkout link, and a prompt on the payer's phone."""

from providers.clickpesa.provider import ClickPesaProvider
from providers.clickpesa.settings import ClickPesaSettings

__all__ = ["ClickPesaProvider", "ClickPesaSettings"]
