-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "top_up__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_top_up" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_top_up__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "session_ref" TEXT NOT NULL CONSTRAINT "ck_top_up__session_ref" CHECK (length("session_ref") BETWEEN 1 AND 255),
    "payment_ref" TEXT CONSTRAINT "ck_top_up__payment_ref" CHECK (length("payment_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_top_up__amount" CHECK ("amount" >= 0),
    "refunded" INTEGER NOT NULL CONSTRAINT "ck_top_up__refunded" CHECK ("refunded" >= 0),
    "excess" INTEGER NOT NULL CONSTRAINT "ck_top_up__excess" CHECK ("excess" >= 0),
    "over_cap" INTEGER NOT NULL CONSTRAINT "ck_top_up__over_cap" CHECK ("over_cap" >= 0),
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

INSERT INTO "top_up__new" ("sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", "excess", "over_cap", "held", "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev")
SELECT "sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", "excess", 0, "held", "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev"
FROM "top_up";

DROP TABLE "top_up";

ALTER TABLE "top_up__new" RENAME TO "top_up";

CREATE INDEX "ix_top_up__user_sid" ON "top_up" ("user_sid");

CREATE INDEX "ix_top_up__over_cap" ON "top_up" ("over_cap");

CREATE INDEX "ix_top_up__status" ON "top_up" ("status");

CREATE INDEX "ix_top_up__created_at" ON "top_up" ("created_at");

CREATE INDEX "ix_top_up__settled_at" ON "top_up" ("settled_at");

CREATE INDEX "ix_top_up__next_check_at" ON "top_up" ("next_check_at");

CREATE INDEX "ix_top_up__provider_and_session_ref" ON "top_up" ("provider", "session_ref");

CREATE UNIQUE INDEX "uq_top_up__provider_and_payment_ref" ON "top_up" ("provider", "payment_ref");

-- Edited by hand: the rows of form_token go with it. Each was about a form that was sent already, and the runtime keeps
-- the same key in idempotent_calls.
DROP TABLE "form_token";
