-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "user" RENAME TO "person";

CREATE TABLE "person__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_person" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "age" INTEGER NOT NULL CONSTRAINT "ck_person__age" CHECK ("age" BETWEEN 0 AND 255),
    "boss" TEXT CONSTRAINT "fk_person__boss" REFERENCES "person" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "person__new" ("sid", "name", "age", "boss", "rev")
SELECT "sid", "name", "age", "boss", "rev"
FROM "person";

DROP TABLE "person";

ALTER TABLE "person__new" RENAME TO "person";

CREATE UNIQUE INDEX "uq_person__name" ON "person" ("name");
