-- Runs in one transaction.

LOCK TABLE "top_up" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "top_up" WHERE "over_cap" IS NOT NULL AND "over_cap" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'top_up.over_cap holds values, which going back would lose; clear them first';
    END IF;
END
$$;

CREATE TABLE "form_token" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_form_token" PRIMARY KEY,
    "user_sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_form_token__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "purpose" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_form_token__purpose" CHECK (length("purpose") BETWEEN 1 AND 40),
    "token_hash" TEXT COLLATE "C" NOT NULL,
    "outcome_sid" VARCHAR(26) COLLATE "C",
    "created_at" BIGINT NOT NULL CONSTRAINT "ck_form_token__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "rev" BIGINT NOT NULL
);

CREATE INDEX "ix_form_token__created_at" ON "form_token" ("created_at");

CREATE UNIQUE INDEX "uq_form_token__user_sid_and_purpose_and_token_hash" ON "form_token" ("user_sid", "purpose", "token_hash");

DROP INDEX "ix_top_up__over_cap";

ALTER TABLE "top_up" DROP COLUMN "over_cap";
