-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_user__name" CHECK (length("name") BETWEEN 1 AND 20),
    "age" INTEGER CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "age", "rev")
SELECT "sid", "title", "age", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";

CREATE UNIQUE INDEX "uq_user__name" ON "user" ("name");

CREATE INDEX "ix_user__name_and_age" ON "user" ("name", "age");
