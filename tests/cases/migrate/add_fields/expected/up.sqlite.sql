-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "nick" TEXT CONSTRAINT "ck_user__nick" CHECK (length("nick") BETWEEN 1 AND 20),
    "level" INTEGER NOT NULL CONSTRAINT "ck_user__level" CHECK ("level" BETWEEN 0 AND 99),
    "joined_at" INTEGER NOT NULL CONSTRAINT "ck_user__joined_at" CHECK ("joined_at" BETWEEN 0 AND 4294967295),
    "boss" TEXT CONSTRAINT "fk_user__boss" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "level", "joined_at", "rev")
SELECT "sid", "name", 1, CAST(strftime('%s', 'now') AS INTEGER), "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";

CREATE INDEX "ix_user__nick" ON "user" ("nick");
