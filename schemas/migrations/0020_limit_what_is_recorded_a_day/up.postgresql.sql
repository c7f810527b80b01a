-- Runs in one transaction.

CREATE TABLE "recorded_day" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_recorded_day" PRIMARY KEY,
    "user_sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_recorded_day__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "day" DATE NOT NULL,
    "amount_cents" BIGINT NOT NULL CONSTRAINT "ck_recorded_day__amount_cents" CHECK ("amount_cents" >= 0),
    "rev" BIGINT NOT NULL
);

CREATE UNIQUE INDEX "uq_recorded_day__user_sid_and_day" ON "recorded_day" ("user_sid", "day");
