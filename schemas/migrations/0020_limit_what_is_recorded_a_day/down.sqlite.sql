-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'recorded_day: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "recorded_day");

DROP TABLE migration_guard;

DROP TABLE "recorded_day";
