-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'checkpoint_root: (day, last_position) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "checkpoint_root" WHERE ("day", "last_position") IN (SELECT "day", "last_position" FROM "checkpoint_root" WHERE "day" IS NOT NULL AND "last_position" IS NOT NULL GROUP BY "day", "last_position" HAVING count(*) > 1) ORDER BY "day", "last_position", "sid");

DROP TABLE migration_guard;

CREATE TABLE "ledger_subtree" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_ledger_subtree" PRIMARY KEY,
    "height" INTEGER NOT NULL CONSTRAINT "ck_ledger_subtree__height" CHECK ("height" BETWEEN 1 AND 4294967295),
    "number" TEXT NOT NULL CONSTRAINT "ck_ledger_subtree__number" CHECK (length("number") = 20 AND "number" NOT GLOB '*[^0-9]*' AND "number" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "hash" TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_ledger_subtree__height_and_number" ON "ledger_subtree" ("height", "number");

CREATE TRIGGER "ao_ledger_subtree__update" BEFORE UPDATE ON "ledger_subtree"
BEGIN
    SELECT RAISE(ABORT, 'ledger_subtree is append-only');
END;

CREATE TRIGGER "ao_ledger_subtree__delete" BEFORE DELETE ON "ledger_subtree"
BEGIN
    SELECT RAISE(ABORT, 'ledger_subtree is append-only');
END;

DROP INDEX "uq_checkpoint_root__day";

CREATE UNIQUE INDEX "uq_checkpoint_root__day_and_last_position" ON "checkpoint_root" ("day", "last_position");
