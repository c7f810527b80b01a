"""Nodes, users and an aggregator over one database; repositories are built by stock git."""

from __future__ import annotations

import json
import shutil
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.http.log import Log
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    AggregateReport,
    DailyUsage,
    Node,
    NodeKey,
    OperatorAlert,
    QuarantinedLine,
    UsageLayout,
    UsageRecord,
)
from generated.routes import SERVICES
from generated.services.onboarding import NodesService, UsageService
from generated.tables.onboarding import (
    DAILY_USAGE,
    NODE,
    OPERATOR_ALERT,
    QUARANTINED_LINE,
    USAGE_RECORD,
)
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.aggregation import Aggregation
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes_service import NodesHandler
from handlers.usage.registration import Registration
from handlers.usage.service import AggregationHandler
from handlers.usage.watch import SilenceWatch, UsageMetrics
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.node_repository import NODE as NODE_ID
from tests.server.node_repository import USED_AT, NodeRepository

PRICES = PriceSettings()
KINDS = ["llm_token", "hero_os_hour", "vm_hour"]


class UsageWorld:
    """`mirrors` fetches; the clock stands two hours behind the first record of a test."""

    def __init__(self, database: Database, mirrors: Mirrors) -> None:
        create_tables(database)
        self.database, self.mirrors, self.book = database, mirrors, Book(database)
        self.clock, self.ledger = self.book.clock, self.book.ledger
        self.clock.time = USED_AT - timedelta(days=100)
        books = PriceBooks(database, self.clock)
        books.load_configured(None)
        self.clock.time = USED_AT + timedelta(hours=2)
        self.logged: list[bytes] = []
        self.log = Log(self.logged.append)
        made = self.aggregation = Aggregation.over(database, self.clock, self.log, mirrors, PRICES)
        self.aggregator = made.aggregator
        self.service = local(UsageService, AggregationHandler(made.aggregator, made.decisions), SERVICES)
        self.watch = SilenceWatch(database, self.clock, self.log, made.nodes)
        self.metrics = UsageMetrics(self.clock, made.nodes)
        registration = Registration(database, mirrors.folder / "nodes")
        self.nodes = local(NodesService, NodesHandler(database, made.nodes, mirrors, registration), SERVICES)

    # --- who and what there is --------------------------------------------------------------------------------

    def user(self, dollars: int = 0, paid_at: datetime | None = None, sid: str | None = None) -> str:
        """The sid of a new user who paid so much at some time, the first record's by default."""
        user = self.book.user(sid)
        if dollars:
            self.book.top_up(user, f"pi_{user}", dollars * 10**9, paid_at or USED_AT)
        return user

    def register(
        self,
        repository: NodeRepository,
        kinds: list[str] | None = None,
        root_commit: str | None = None,
        layout: UsageLayout = UsageLayout.REPOSITORY,
        sets_prices: bool = True,
    ) -> None:
        """Register a node with its key, which is good for a hundred days; it may set prices."""
        begin = USED_AT - timedelta(days=10)
        key = NodeKey(public_key=repository.public_key, valid_from=begin, valid_until=begin + timedelta(days=100))
        Store.of(NODE, self.database).new(
            {
                "node_id": repository.node_id,
                "layout": layout,
                "repo_url": repository.url,
                "keys": [key],
                "kinds": kinds or KINDS,
                "root_commit": root_commit,
                "sets_prices": sets_prices,
            },
            self.clock.now(),
        )

    @property
    def operator(self) -> Context:
        return Context(ADMIN, self.clock, self.database, "test")

    def run(self) -> AggregateReport:
        return self.aggregator.run()

    def skip(self, node_id: str = NODE_ID, line: int | None = None, path: str | None = None) -> Node:
        """An operator goes on behind what the node is halted at."""
        commit = self.node(node_id).halted_commit
        assert commit is not None
        return self.service.skip(self.operator, node_id=node_id, commit=commit, reason="a test", line=line, path=path)

    # --- what can be seen -------------------------------------------------------------------------------------

    def node(self, node_id: str = NODE_ID) -> Node:
        found = Store.of(NODE, self.database).one({"node_id": node_id})
        assert found is not None
        return found

    def records(self, node_id: str = NODE_ID) -> list[UsageRecord]:
        """Consumed lines in their order."""
        return Store.of(USAGE_RECORD, self.database).find({"node_id": node_id}, 1000)["items"]

    def quarantine(self) -> list[QuarantinedLine]:
        return Store.of(QUARANTINED_LINE, self.database).list_full(1000)["items"]

    def days(self, user: str) -> list[DailyUsage]:
        return Store.of(DAILY_USAGE, self.database).find({"user_sid": user}, 1000)["items"]

    def alerts(self) -> list[OperatorAlert]:
        """What an operator has to look at now."""
        found = Store.of(OPERATOR_ALERT, self.database).list_full(1000)["items"]
        return [each for each in found if each.cleared_at is None]

    def told(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        self.log.flush()
        return [json.loads(each) for lines in self.logged for each in lines.splitlines()]

    def audit(self) -> None:
        found = audit(self.database)
        assert found == []


def copied(repository: NodeRepository, folder: Path) -> NodeRepository:
    """A copy of a repository, to be broken."""
    made = copy(repository)
    made.folder = folder
    shutil.copytree(repository.folder, folder)
    return made
