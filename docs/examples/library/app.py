"""A lending library: handlers, wiring and server of a small program on generated code.

oschema generate --schemas schemas --out library_api
oschema migrate plan --slug initial
oschema migrate apply --database sqlite:///library.db
python app.py
"""

import os
from collections.abc import Mapping

from codegen.runtime.context import ADMIN, Caller, Context
from codegen.runtime.errors import NotFound, Unauthorized
from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.http.serve import serve
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.auth import Credentials
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from library_api.errors.library import BookLent
from library_api.models.library import Genre, Loan
from library_api.routes import SERVICES, document
from library_api.services.library import LoansService
from library_api.tables import STORED
from library_api.tables.library import BOOK, LOAN

# A real program looks sessions up; here two tokens are known. The librarian's is the admin's.
READERS: Mapping[str, str] = {"adas-token": "reader00ada", "bens-token": "reader00ben"}


class Loans(LoansService):
    """Borrowing and bringing back. The database is inside this call's transaction."""

    def borrow(self, context: Context, *, book_sid: str) -> Loan:
        book = Store.of(BOOK, context.database).get(book_sid)
        loans = Store.of(LOAN, context.database)
        if any(loan.returned_at is None for loan in loans.find({"book": book.sid}, limit=1000)["items"]):
            raise BookLent
        now = context.clock.now()
        return loans.new({"book": book.sid, "reader": reader(context), "lent_at": now}, now)

    def give_back(self, context: Context, *, loan_sid: str) -> Loan:
        loans = Store.of(LOAN, context.database)
        if loans.get(loan_sid).reader != reader(context):
            raise NotFound
        return loans.patch(loan_sid, {"returned_at": context.clock.now()})

    def count(self, context: Context, *, genre: Genre) -> int:
        return len(Store.of(BOOK, context.database).find({"genre": genre}, limit=1000)["items"])


def reader(context: Context) -> str:
    if context.caller.sid is None:
        raise Unauthorized
    return context.caller.sid


def caller(token: str) -> Caller | None:
    if token == "librarians-token":
        return ADMIN
    return Caller("user", READERS[token]) if token in READERS else None


def create() -> App:
    """What each worker of the server calls."""
    database = Database.open(os.environ.get("LIBRARY_DATABASE", "sqlite:///library.db"))
    methods, _ = bind([Loans()], SERVICES)
    methods += crud.methods(STORED, database)
    return create_app(
        document=document(),
        methods=methods,
        database=database,
        authenticator=Credentials(bearer=caller),
        observation=Observation(Metrics(methods), Log()),
    )


if __name__ == "__main__":
    serve("app:create", host="127.0.0.1", port=int(os.environ.get("LIBRARY_PORT", "8080")))
