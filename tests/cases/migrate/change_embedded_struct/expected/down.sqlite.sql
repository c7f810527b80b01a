-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.places, user.sent, note.home as `rewrites` in migration.json says.

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user.note holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "note" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "addresses" TEXT NOT NULL,
    "sent" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "addresses", "sent", "rev")
SELECT "sid", "places", "sent", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
