-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'top_up.over_cap holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "top_up" WHERE "over_cap" IS NOT NULL AND "over_cap" <> 0);

DROP TABLE migration_guard;

CREATE TABLE "form_token" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_form_token" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_form_token__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "purpose" TEXT NOT NULL CONSTRAINT "ck_form_token__purpose" CHECK (length("purpose") BETWEEN 1 AND 40),
    "token_hash" TEXT NOT NULL,
    "outcome_sid" TEXT,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_form_token__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_form_token__created_at" ON "form_token" ("created_at");

CREATE UNIQUE INDEX "uq_form_token__user_sid_and_purpose_and_token_hash" ON "form_token" ("user_sid", "purpose", "token_hash");

CREATE TABLE "top_up__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_top_up" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_top_up__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "session_ref" TEXT NOT NULL CONSTRAINT "ck_top_up__session_ref" CHECK (length("session_ref") BETWEEN 1 AND 255),
    "payment_ref" TEXT CONSTRAINT "ck_top_up__payment_ref" CHECK (length("payment_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_top_up__amount" CHECK ("amount" >= 0),
    "refunded" INTEGER NOT NULL CONSTRAINT "ck_top_up__refunded" CHECK ("refunded" >= 0),
    "excess" INTEGER NOT NULL CONSTRAINT "ck_top_up__excess" CHECK ("excess" >= 0),
    "held" INTEGER NOT NULL CONSTRAINT "ck_top_up__held" CHECK ("held" >= 0),
    "status" TEXT NOT NULL CONSTRAINT "ck_top_up__status" CHECK ("status" IN ('disputed', 'expired', 'failed', 'needs_review', 'open', 'refunded', 'settled')),
    "url" TEXT CONSTRAINT "ck_top_up__url" CHECK (length("url") BETWEEN 1 AND 2048),
    "phone" TEXT,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_top_up__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER CONSTRAINT "ck_top_up__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "settled_at" INTEGER CONSTRAINT "ck_top_up__settled_at" CHECK ("settled_at" BETWEEN 0 AND 4294967295),
    "next_check_at" INTEGER CONSTRAINT "ck_top_up__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295),
    "checks" INTEGER NOT NULL CONSTRAINT "ck_top_up__checks" CHECK ("checks" BETWEEN 0 AND 4294967295),
    "review_reason" TEXT CONSTRAINT "ck_top_up__review_reason" CHECK (length("review_reason") BETWEEN 1 AND 500),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "top_up__new" ("sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", "excess", "held", "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev")
SELECT "sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", "excess", "held", "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev"
FROM "top_up";

DROP TABLE "top_up";

ALTER TABLE "top_up__new" RENAME TO "top_up";

CREATE INDEX "ix_top_up__user_sid" ON "top_up" ("user_sid");

CREATE INDEX "ix_top_up__status" ON "top_up" ("status");

CREATE INDEX "ix_top_up__created_at" ON "top_up" ("created_at");

CREATE INDEX "ix_top_up__settled_at" ON "top_up" ("settled_at");

CREATE INDEX "ix_top_up__next_check_at" ON "top_up" ("next_check_at");

CREATE INDEX "ix_top_up__provider_and_session_ref" ON "top_up" ("provider", "session_ref");

CREATE UNIQUE INDEX "uq_top_up__provider_and_payment_ref" ON "top_up" ("provider", "payment_ref");
