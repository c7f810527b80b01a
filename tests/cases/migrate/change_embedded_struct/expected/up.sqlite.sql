-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.addresses, user.sent, note.home as `rewrites` in migration.json says.

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "places" TEXT NOT NULL,
    "sent" TEXT NOT NULL,
    "note" TEXT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "places", "sent", "rev")
SELECT "sid", "addresses", "sent", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
