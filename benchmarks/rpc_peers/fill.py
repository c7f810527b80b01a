"""Fill the benchmark's table of accounts; the number of rows is the argument."""

import sqlite3
import sys

from benchmarks.rpc_peers.data import DATABASE

INSERT = (
    "INSERT INTO account (sid, email, display_name, country, active, visits, created_at, rev)"
    " VALUES (?, ?, ?, 'BE', 1, ?, ?, 1)"
)

if __name__ == "__main__":
    DATABASE.connect()
    connection: sqlite3.Connection = DATABASE.connection()
    with DATABASE.atomic():
        connection.executemany(
            INSERT,
            [
                (f"acc{n:06}", f"user{n}@example.org", f"User {n}", n, 1_750_000_000 + n)
                for n in range(int(sys.argv[1]))
            ],
        )
