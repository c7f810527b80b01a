-- Runs in one transaction.

CREATE TABLE "provider_fee" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_provider_fee" PRIMARY KEY,
    "provider" TEXT COLLATE "C" NOT NULL,
    "change_ref" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_provider_fee__change_ref" CHECK (length("change_ref") BETWEEN 1 AND 768),
    "payment_ref" TEXT COLLATE "C" CONSTRAINT "ck_provider_fee__payment_ref" CHECK (length("payment_ref") BETWEEN 1 AND 255),
    "user_sid" VARCHAR(26) COLLATE "C" CONSTRAINT "fk_provider_fee__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "amount" BIGINT NOT NULL,
    "occurred_at" BIGINT NOT NULL CONSTRAINT "ck_provider_fee__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "found_at" BIGINT NOT NULL CONSTRAINT "ck_provider_fee__found_at" CHECK ("found_at" BETWEEN 0 AND 4294967295)
);

CREATE INDEX "ix_provider_fee__user_sid" ON "provider_fee" ("user_sid");

CREATE INDEX "ix_provider_fee__found_at" ON "provider_fee" ("found_at");

CREATE UNIQUE INDEX "uq_provider_fee__provider_and_change_ref" ON "provider_fee" ("provider", "change_ref");

CREATE FUNCTION "ao_provider_fee__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'provider_fee is append-only';
END
$$;

CREATE TRIGGER "ao_provider_fee__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "provider_fee"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_provider_fee__change"();

-- Fees that were posted before: what they were is kept in the ledger alone.
INSERT INTO "provider_fee"
    ("sid", "provider", "change_ref", "payment_ref", "user_sid", "amount", "occurred_at", "found_at")
SELECT "posted"."sid", split_part("named", ':', 1), substr("named", strpos("named", ':') + 1),
    CASE WHEN "posted"."user_sid" IS NOT NULL THEN substr("posted"."source", 9 + strpos("named", ':')) END,
    "posted"."user_sid", "ledger_entry"."amount", "posted"."effective_at", "posted"."posted_at"
FROM (SELECT *, substr("posting_key", 5) AS "named" FROM "ledger_transaction" WHERE "kind" = 'provider_fee') AS "posted"
JOIN "ledger_entry" ON "ledger_entry"."transaction_sid" = "posted"."sid" AND "ledger_entry"."account" = 'fees';
