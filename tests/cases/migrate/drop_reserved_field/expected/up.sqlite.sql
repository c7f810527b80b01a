-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "rev")
SELECT "sid", "name", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
