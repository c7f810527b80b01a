-- Runs in one transaction.

CREATE TABLE "user" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "email" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_user__email" CHECK (length("email") BETWEEN 3 AND 80),
    "active" BOOLEAN NOT NULL,
    "born" DATE,
    "created_at" BIGINT NOT NULL CONSTRAINT "ck_user__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "rev" BIGINT NOT NULL
);

CREATE UNIQUE INDEX "uq_user__email" ON "user" ("email");

CREATE TABLE "payment" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_payment" PRIMARY KEY,
    "user" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_payment__user" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "number" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_payment__number" CHECK ("number" BETWEEN 0 AND 18446744073709551615),
    "amount" BIGINT NOT NULL CONSTRAINT "ck_payment__amount" CHECK ("amount" >= 10000000),
    "rate" NUMERIC NOT NULL CONSTRAINT "ck_payment__rate" CHECK ("rate" BETWEEN 0 AND 1.5),
    "provider" TEXT COLLATE "C" NOT NULL,
    "color" TEXT COLLATE "C" CONSTRAINT "ck_payment__color" CHECK ("color" IN ('blue', 'red')),
    "raw" BYTEA NOT NULL CONSTRAINT "ck_payment__raw" CHECK (octet_length("raw") <= 1000),
    "details" JSON NOT NULL
);

CREATE INDEX "ix_payment__user" ON "payment" ("user");

CREATE UNIQUE INDEX "uq_payment__user_and_number" ON "payment" ("user", "number");

CREATE FUNCTION "ao_payment__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'payment is append-only';
END
$$;

CREATE TRIGGER "ao_payment__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "payment"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_payment__change"();
