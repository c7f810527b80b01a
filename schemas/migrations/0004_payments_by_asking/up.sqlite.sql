-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- reconciliation.items as `rewrites` in migration.json says.

CREATE TABLE "ledger_transaction__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_ledger_transaction" PRIMARY KEY,
    "kind" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__kind" CHECK ("kind" IN ('adjustment', 'dispute_hold', 'dispute_loss', 'dispute_reinstated', 'dispute_release', 'grant', 'grant_expiry', 'kyc_hold', 'kyc_release', 'overpayment', 'plan', 'provider_fee', 'refund', 'top_up', 'usage', 'usage_void', 'write_off')),
    "user_sid" TEXT CONSTRAINT "fk_ledger_transaction__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "posting_key" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__posting_key" CHECK (length("posting_key") BETWEEN 1 AND 800),
    "source" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__source" CHECK (length("source") BETWEEN 3 AND 768),
    "reason" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "effective_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_transaction__effective_at" CHECK ("effective_at" BETWEEN 0 AND 4294967295),
    "posted_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_transaction__posted_at" CHECK ("posted_at" BETWEEN 0 AND 4294967295),
    "hash" TEXT NOT NULL
) STRICT;

INSERT INTO "ledger_transaction__new" ("sid", "kind", "user_sid", "posting_key", "source", "reason", "effective_at", "posted_at", "hash")
SELECT "sid", "kind", "user_sid", "posting_key", "source", "reason", "effective_at", "posted_at", "hash"
FROM "ledger_transaction";

DROP TABLE "ledger_transaction";

ALTER TABLE "ledger_transaction__new" RENAME TO "ledger_transaction";

CREATE INDEX "ix_ledger_transaction__kind" ON "ledger_transaction" ("kind");

CREATE INDEX "ix_ledger_transaction__user_sid" ON "ledger_transaction" ("user_sid");

CREATE UNIQUE INDEX "uq_ledger_transaction__posting_key" ON "ledger_transaction" ("posting_key");

CREATE INDEX "ix_ledger_transaction__source" ON "ledger_transaction" ("source");

CREATE INDEX "ix_ledger_transaction__effective_at" ON "ledger_transaction" ("effective_at");

CREATE INDEX "ix_ledger_transaction__posted_at" ON "ledger_transaction" ("posted_at");

CREATE TRIGGER "ao_ledger_transaction__update" BEFORE UPDATE ON "ledger_transaction"
BEGIN
    SELECT RAISE(ABORT, 'ledger_transaction is append-only');
END;

CREATE TRIGGER "ao_ledger_transaction__delete" BEFORE DELETE ON "ledger_transaction"
BEGIN
    SELECT RAISE(ABORT, 'ledger_transaction is append-only');
END;

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
SELECT "sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", 0, 0, "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev"
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

CREATE TABLE "payment_event__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_payment_event" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "provider_event_id" TEXT NOT NULL CONSTRAINT "ck_payment_event__provider_event_id" CHECK (length("provider_event_id") BETWEEN 1 AND 255),
    "external_ref" TEXT NOT NULL CONSTRAINT "ck_payment_event__external_ref" CHECK (length("external_ref") BETWEEN 1 AND 255),
    "user_sid" TEXT CONSTRAINT "fk_payment_event__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "top_up_sid" TEXT CONSTRAINT "fk_payment_event__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "amount_minor" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "kind" TEXT NOT NULL CONSTRAINT "ck_payment_event__kind" CHECK ("kind" IN ('dispute_inquiry', 'dispute_lost', 'dispute_opened', 'dispute_won', 'other', 'payment_failed', 'payment_pending', 'payment_succeeded', 'refund_changed', 'refund_failed', 'session_expired')),
    "status" TEXT NOT NULL CONSTRAINT "ck_payment_event__status" CHECK ("status" IN ('applied', 'ignored', 'needs_review')),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_payment_event__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "received_at" INTEGER NOT NULL CONSTRAINT "ck_payment_event__received_at" CHECK ("received_at" BETWEEN 0 AND 4294967295)
) STRICT;

INSERT INTO "payment_event__new" ("sid", "provider", "provider_event_id", "external_ref", "user_sid", "top_up_sid", "amount_minor", "currency", "kind", "status", "occurred_at", "received_at")
SELECT "sid", "provider", "provider_event_id", "external_ref", "user_sid", "top_up_sid", "amount_minor", "currency", "kind", "status", "occurred_at", "received_at"
FROM "payment_event";

DROP TABLE "payment_event";

ALTER TABLE "payment_event__new" RENAME TO "payment_event";

CREATE INDEX "ix_payment_event__provider" ON "payment_event" ("provider");

CREATE INDEX "ix_payment_event__external_ref" ON "payment_event" ("external_ref");

CREATE INDEX "ix_payment_event__user_sid" ON "payment_event" ("user_sid");

CREATE INDEX "ix_payment_event__top_up_sid" ON "payment_event" ("top_up_sid");

CREATE INDEX "ix_payment_event__kind" ON "payment_event" ("kind");

CREATE INDEX "ix_payment_event__status" ON "payment_event" ("status");

CREATE INDEX "ix_payment_event__received_at" ON "payment_event" ("received_at");

CREATE UNIQUE INDEX "uq_payment_event__provider_and_provider_event_id" ON "payment_event" ("provider", "provider_event_id");

CREATE TRIGGER "ao_payment_event__update" BEFORE UPDATE ON "payment_event"
BEGIN
    SELECT RAISE(ABORT, 'payment_event is append-only');
END;

CREATE TRIGGER "ao_payment_event__delete" BEFORE DELETE ON "payment_event"
BEGIN
    SELECT RAISE(ABORT, 'payment_event is append-only');
END;

CREATE INDEX "ix_refund__settled_at" ON "refund" ("settled_at");

CREATE TABLE "dispute__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_dispute" PRIMARY KEY,
    "top_up_sid" TEXT NOT NULL CONSTRAINT "fk_dispute__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_dispute__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "dispute_ref" TEXT NOT NULL CONSTRAINT "ck_dispute__dispute_ref" CHECK (length("dispute_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_dispute__amount" CHECK ("amount" >= 0),
    "status" TEXT NOT NULL CONSTRAINT "ck_dispute__status" CHECK ("status" IN ('inquiry', 'lost', 'open', 'won')),
    "opened_at" INTEGER NOT NULL CONSTRAINT "ck_dispute__opened_at" CHECK ("opened_at" BETWEEN 0 AND 4294967295),
    "closed_at" INTEGER CONSTRAINT "ck_dispute__closed_at" CHECK ("closed_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "dispute__new" ("sid", "top_up_sid", "user_sid", "provider", "dispute_ref", "amount", "status", "opened_at", "closed_at", "rev")
SELECT "sid", "top_up_sid", "user_sid", "provider", "dispute_ref", "amount", "status", "opened_at", "closed_at", "rev"
FROM "dispute";

DROP TABLE "dispute";

ALTER TABLE "dispute__new" RENAME TO "dispute";

CREATE INDEX "ix_dispute__top_up_sid" ON "dispute" ("top_up_sid");

CREATE INDEX "ix_dispute__user_sid" ON "dispute" ("user_sid");

CREATE INDEX "ix_dispute__status" ON "dispute" ("status");

CREATE INDEX "ix_dispute__opened_at" ON "dispute" ("opened_at");

CREATE UNIQUE INDEX "uq_dispute__provider_and_dispute_ref" ON "dispute" ("provider", "dispute_ref");

CREATE TABLE "reconciliation__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_reconciliation" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "day" TEXT NOT NULL,
    "ours" INTEGER NOT NULL,
    "theirs" INTEGER NOT NULL,
    "difference" INTEGER NOT NULL,
    "items" TEXT NOT NULL,
    "found" INTEGER NOT NULL CONSTRAINT "ck_reconciliation__found" CHECK ("found" BETWEEN 0 AND 4294967295),
    "fees" INTEGER NOT NULL,
    "checked_at" INTEGER NOT NULL CONSTRAINT "ck_reconciliation__checked_at" CHECK ("checked_at" BETWEEN 0 AND 4294967295),
    "compare_again_at" INTEGER CONSTRAINT "ck_reconciliation__compare_again_at" CHECK ("compare_again_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "reconciliation__new" ("sid", "provider", "day", "ours", "theirs", "difference", "items", "found", "fees", "checked_at", "rev")
SELECT "sid", "provider", "day", "ours", "theirs", "difference", "items", 0, 0, "checked_at", "rev"
FROM "reconciliation";

DROP TABLE "reconciliation";

ALTER TABLE "reconciliation__new" RENAME TO "reconciliation";

CREATE INDEX "ix_reconciliation__day" ON "reconciliation" ("day");

CREATE INDEX "ix_reconciliation__compare_again_at" ON "reconciliation" ("compare_again_at");

CREATE UNIQUE INDEX "uq_reconciliation__provider_and_day" ON "reconciliation" ("provider", "day");
