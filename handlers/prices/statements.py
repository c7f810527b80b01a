"""The SQL of prices and of the discount ladder."""

from codegen.runtime.storage.stored_type import statement
from generated.tables.onboarding import PRICE_BOOK, USAGE_RECORD

BOOK_AT = statement(
    "SELECT {book} FROM price_book WHERE effective_from <= ? ORDER BY effective_from DESC LIMIT 1", book=PRICE_BOOK
)
USAGE_BETWEEN = statement(
    """
SELECT {record} FROM usage_record WHERE usage_record.sid > ?
AND usage_record.occurred_at >= ? AND usage_record.occurred_at < ? ORDER BY usage_record.sid LIMIT ?
""",
    record=USAGE_RECORD,
)
FIRST_PAYMENTS = """
SELECT sid, user_sid, first_paid_at, discount_tier FROM billing
WHERE sid > ? AND first_paid_at IS NOT NULL ORDER BY sid LIMIT ?
"""
