-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "street" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_street" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "first" TEXT CONSTRAINT "fk_street__first" REFERENCES "house" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE TABLE "house" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_house" PRIMARY KEY,
    "owner" TEXT NOT NULL CONSTRAINT "fk_house__owner" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "street" TEXT NOT NULL CONSTRAINT "fk_house__street" REFERENCES "street" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

ALTER TABLE "user" ADD COLUMN "home" TEXT CONSTRAINT "fk_user__home" REFERENCES "house" ("sid") ON DELETE RESTRICT;
