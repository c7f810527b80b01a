"""A database that can be made to fail before one of its next statements."""

from typing import Any

from codegen.runtime.storage.database import Database


class Crash(Exception):
    """What a test throws between two statements."""


class Faulty(Database):
    """Raises `Crash` before the statement that counts `left` down to zero."""

    left: int | None = None

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.left = None
                raise Crash

    def execute(self, sql: str, params: Any = ()) -> Any:
        self._count()
        return super().execute(sql, params)

    def execute_all(self, statements: Any) -> None:
        for sql, params in statements:
            self.execute(sql, params)
