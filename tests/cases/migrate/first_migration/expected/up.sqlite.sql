-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "email" TEXT NOT NULL CONSTRAINT "ck_user__email" CHECK (length("email") BETWEEN 3 AND 80),
    "active" INTEGER NOT NULL CONSTRAINT "ck_user__active" CHECK ("active" BETWEEN 0 AND 1),
    "born" TEXT,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_user__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_user__email" ON "user" ("email");

CREATE TABLE "payment" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_payment" PRIMARY KEY,
    "user" TEXT NOT NULL CONSTRAINT "fk_payment__user" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "number" TEXT NOT NULL CONSTRAINT "ck_payment__number" CHECK (length("number") = 20 AND "number" NOT GLOB '*[^0-9]*' AND "number" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_payment__amount" CHECK ("amount" >= 10000000),
    "rate" TEXT NOT NULL CONSTRAINT "ck_payment__rate" CHECK ("rate" BETWEEN '=' AND '>500015'),
    "provider" TEXT NOT NULL,
    "color" TEXT CONSTRAINT "ck_payment__color" CHECK (("color" = 'blue' OR "color" = 'red')),
    "raw" BLOB NOT NULL CONSTRAINT "ck_payment__raw" CHECK (length("raw") <= 1000),
    "details" TEXT NOT NULL
) STRICT;

CREATE INDEX "ix_payment__user" ON "payment" ("user");

CREATE UNIQUE INDEX "uq_payment__user_and_number" ON "payment" ("user", "number");

CREATE TRIGGER "ao_payment__update" BEFORE UPDATE ON "payment"
BEGIN
    SELECT RAISE(ABORT, 'payment is append-only');
END;

CREATE TRIGGER "ao_payment__delete" BEFORE DELETE ON "payment"
BEGIN
    SELECT RAISE(ABORT, 'payment is append-only');
END;
