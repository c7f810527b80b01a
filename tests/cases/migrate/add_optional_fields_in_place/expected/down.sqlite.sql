-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'entry.note holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "entry" WHERE "note" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'entry.entry holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "entry" WHERE "entry" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "entry__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_entry" PRIMARY KEY,
    "text" TEXT NOT NULL
) STRICT;

INSERT INTO "entry__new" ("sid", "text")
SELECT "sid", "text"
FROM "entry";

DROP TABLE "entry";

ALTER TABLE "entry__new" RENAME TO "entry";

CREATE TRIGGER "ao_entry__update" BEFORE UPDATE ON "entry"
BEGIN
    SELECT RAISE(ABORT, 'entry is append-only');
END;

CREATE TRIGGER "ao_entry__delete" BEFORE DELETE ON "entry"
BEGIN
    SELECT RAISE(ABORT, 'entry is append-only');
END;
