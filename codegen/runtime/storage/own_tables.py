"""The runtime's own tables, the same SQL on both databases: what was migrated, and calls with an idempotency key.

They stand beside the tables of a program's schemas, belong to no migration and are made with the first one.
"""

MIGRATIONS = "schema_migrations"
CALLS = "idempotent_calls"

CREATE_MIGRATIONS = f"""CREATE TABLE IF NOT EXISTS {MIGRATIONS} (
    number INTEGER NOT NULL PRIMARY KEY, slug TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"""

CREATE_CALLS = f"""CREATE TABLE IF NOT EXISTS {CALLS} (
    caller TEXT NOT NULL, key_hash TEXT NOT NULL, method TEXT NOT NULL, arguments_hash TEXT NOT NULL,
    sid TEXT NOT NULL, called_at BIGINT NOT NULL, begun BOOLEAN NOT NULL, leased_until BIGINT NOT NULL,
    result TEXT, error TEXT, PRIMARY KEY (caller, key_hash, method))"""
"""A row for each key that a caller gave to a method, for ever (`codegen.runtime.rpc.idempotency`).

- `key_hash`, `arguments_hash`: SHA-256 of the key, and of the other arguments
- `sid`: what the call makes is made under it, however often it is tried
- `begun`: something was made; `leased_until`: until then a process is at work; both times are seconds since 1970
- `result`, `error`: the outcome as JSON, one of them; neither while there is none
"""

NAMES = frozenset({MIGRATIONS, CALLS})
"""No root object may be kept in a table of this name."""
