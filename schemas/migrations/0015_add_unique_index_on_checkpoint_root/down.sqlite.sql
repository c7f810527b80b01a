-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'checkpoint_root: (day) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "checkpoint_root" WHERE ("day") IN (SELECT "day" FROM "checkpoint_root" WHERE "day" IS NOT NULL GROUP BY "day" HAVING count(*) > 1) ORDER BY "day", "sid");

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'ledger_subtree: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "ledger_subtree");

DROP TABLE migration_guard;

DROP INDEX "uq_checkpoint_root__day_and_last_position";

CREATE UNIQUE INDEX "uq_checkpoint_root__day" ON "checkpoint_root" ("day");

DROP TABLE "ledger_subtree";
