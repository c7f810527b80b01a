-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user: name is now required, and some rows have none; give them a value first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "name" IS NULL);

DROP TABLE migration_guard;

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "nick" TEXT NOT NULL,
    "city" TEXT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "nick", "city", "rev")
SELECT "sid", "name", coalesce("nick", '-'), "city", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
