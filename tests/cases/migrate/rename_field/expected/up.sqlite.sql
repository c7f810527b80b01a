-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "title" TEXT NOT NULL CONSTRAINT "ck_user__title" CHECK (length("title") BETWEEN 1 AND 20),
    "age" INTEGER CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "title", "age", "rev")
SELECT "sid", "name", "age", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";

CREATE UNIQUE INDEX "uq_user__title" ON "user" ("title");

CREATE INDEX "ix_user__title_and_age" ON "user" ("title", "age");
