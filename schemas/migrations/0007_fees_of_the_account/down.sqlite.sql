-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- reconciliation.items as `rewrites` in migration.json says.

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'notice: kind may no longer be ''payment_released'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "notice" WHERE "kind" IN ('payment_released'));

DROP TABLE migration_guard;
