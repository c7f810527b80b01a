-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "person" RENAME TO "user";

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "age" INTEGER NOT NULL CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255),
    "boss" TEXT CONSTRAINT "fk_user__boss" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "age", "boss", "rev")
SELECT "sid", "name", "age", "boss", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";

CREATE UNIQUE INDEX "uq_user__name" ON "user" ("name");
