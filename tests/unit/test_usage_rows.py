"""Rows of charged lines are what the store of records would write; sids that are made together rise as single ones."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from codegen.runtime.storage.mapping import encoder
from codegen.runtime.values import sid
from codegen.runtime.values.columns import DIALECTS, Dialect
from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase, DiscountTier, ResourceCategory
from generated.tables.onboarding import USAGE_RECORD
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.rows import RowsOfLines
from handlers.usage_format.record import SCHEMA, LoggedUsage

NOW = datetime(2026, 11, 20, 19, 3, 14, tzinfo=UTC)
FULL = LoggedUsage(
    *("n1", "s", 17, "01JD4ZK7Q1M8", "llm_token", Decimal("1560.50"), "n1/s/17", NOW.replace(hour=5), "llm", 3600),
    *("machine", "model", Decimal("0.000312"), 250, "n1/s/3"),
)
BARE = FULL._replace(applies_to=None, interval_seconds=None, instance_id=None, model=None, cost=None)._replace(
    amount_cents=None, void=None, quantity=Decimal(0)
)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("record", [FULL, BARE])
def test_a_row_is_what_the_store_writes(dialect: Dialect, record: LoggedUsage) -> None:
    amounts = {"list_charge": -124, "charge": -120, "rounding_rest": Decimal("-0.35")}
    price = {"category": ResourceCategory.LLM, "price_sid": "01PRICE", "margin_bp": 1500}
    tiers = {"tier": DiscountTier.WEEK, "discount_base": DiscountBase.FULL}
    place = Line("usage/usage_2026-11-20-19.jsonl", 12, b"")
    line = ChargedLine(record, "c" * 40, place, "d" * 64, *price.values(), *tiers.values(), *amounts.values())  # type: ignore[arg-type]
    row = RowsOfLines(dialect, NOW)("01A", line)
    values = record._asdict() | price | tiers | amounts
    values |= {"list_charge": Money(-124), "charge": Money(-120), "consumed_at": NOW, "schema": SCHEMA}
    values |= {"sid": "01A", "commit": line.commit, "path": place.path, "line": 12, "line_hash": line.line_hash}
    assert row == encoder(USAGE_RECORD.fields, dialect)(values)


@pytest.mark.parametrize("last", [0, (1 << 48) - 1 << 80 | (1 << 30) - 2])
def test_sids_that_are_made_together_rise_as_single_ones(monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    monkeypatch.setattr(sid, "_last", last)
    made = [sid.new_sid(), *sid.new_sids(1), *sid.new_sids(2000), sid.new_sid()]
    assert made == sorted(set(made)) and len(made) == 2003 and {len(each) for each in made} == {26}
    monkeypatch.setattr(sid, "_last", 5 << 120)
    several = sid.new_sids(3)
    monkeypatch.setattr(sid, "_last", 5 << 120)
    assert several == [sid.new_sid() for _ in range(3)]
