"""How schemas change over time: the lock, the SQL of tables, and migrations between two versions.

`plan` is the way in: it compares the model of the lock with today's (`change`), judges what that means for rows
(`judge`, and `embedded` with `values` for JSON), and writes it as statements (`ddl`, `sqlite`, `postgresql`).
They are run by `codegen.runtime.storage.migrations`, which knows nothing of schemas.
"""
