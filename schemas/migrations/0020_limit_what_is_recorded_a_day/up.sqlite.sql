-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "recorded_day" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_recorded_day" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_recorded_day__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "day" TEXT NOT NULL,
    "amount_cents" INTEGER NOT NULL CONSTRAINT "ck_recorded_day__amount_cents" CHECK ("amount_cents" >= 0),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_recorded_day__user_sid_and_day" ON "recorded_day" ("user_sid", "day");
