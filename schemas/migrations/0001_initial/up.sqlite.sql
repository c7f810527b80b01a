-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "mycelium_address" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "display_name" TEXT CONSTRAINT "ck_user__display_name" CHECK (length("display_name") <= 80),
    "kyc_status" TEXT NOT NULL CONSTRAINT "ck_user__kyc_status" CHECK ("kyc_status" IN ('completed', 'expired', 'failed', 'in_progress', 'pending', 'review')),
    "kyc_verified_at" INTEGER CONSTRAINT "ck_user__kyc_verified_at" CHECK ("kyc_verified_at" BETWEEN 0 AND 4294967295),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_user__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "last_active" INTEGER NOT NULL CONSTRAINT "ck_user__last_active" CHECK ("last_active" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_user__mycelium_address" ON "user" ("mycelium_address");

CREATE UNIQUE INDEX "uq_user__public_key" ON "user" ("public_key");

CREATE INDEX "ix_user__kyc_status" ON "user" ("kyc_status");

CREATE TABLE "login_challenge" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_login_challenge" PRIMARY KEY,
    "challenge_id" TEXT NOT NULL CONSTRAINT "ck_login_challenge__challenge_id" CHECK (length("challenge_id") BETWEEN 1 AND 64),
    "public_key" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_login_challenge__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "initiated_by" TEXT NOT NULL CONSTRAINT "ck_login_challenge__initiated_by" CHECK ("initiated_by" IN ('browser', 'program')),
    "origin" TEXT NOT NULL CONSTRAINT "ck_login_challenge__origin" CHECK (length("origin") BETWEEN 1 AND 2048),
    "proof_hash" TEXT NOT NULL,
    "pre_hash" TEXT,
    "tries" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__tries" CHECK ("tries" BETWEEN 0 AND 4294967295),
    "issued_at" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__issued_at" CHECK ("issued_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "used_at" INTEGER CONSTRAINT "ck_login_challenge__used_at" CHECK ("used_at" BETWEEN 0 AND 4294967295),
    "link_hash" TEXT,
    "link_expires_at" INTEGER CONSTRAINT "ck_login_challenge__link_expires_at" CHECK ("link_expires_at" BETWEEN 0 AND 4294967295),
    "link_used_at" INTEGER CONSTRAINT "ck_login_challenge__link_used_at" CHECK ("link_used_at" BETWEEN 0 AND 4294967295),
    "result" TEXT CONSTRAINT "ck_login_challenge__result" CHECK ("result" IN ('failed', 'logged_out', 'refused', 'succeeded')),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_login_challenge__challenge_id" ON "login_challenge" ("challenge_id");

CREATE INDEX "ix_login_challenge__public_key" ON "login_challenge" ("public_key");

CREATE INDEX "ix_login_challenge__expires_at" ON "login_challenge" ("expires_at");

CREATE UNIQUE INDEX "uq_login_challenge__link_hash" ON "login_challenge" ("link_hash");

CREATE TABLE "session" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_session" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_session__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "token_hash" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_session__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_session__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "last_seen_at" INTEGER NOT NULL CONSTRAINT "ck_session__last_seen_at" CHECK ("last_seen_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_session__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "proved_at" INTEGER CONSTRAINT "ck_session__proved_at" CHECK ("proved_at" BETWEEN 0 AND 4294967295),
    "ip" TEXT CONSTRAINT "ck_session__ip" CHECK (length("ip") <= 64),
    "user_agent" TEXT CONSTRAINT "ck_session__user_agent" CHECK (length("user_agent") <= 255),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_session__user_sid" ON "session" ("user_sid");

CREATE UNIQUE INDEX "uq_session__token_hash" ON "session" ("token_hash");

CREATE INDEX "ix_session__expires_at" ON "session" ("expires_at");

CREATE TABLE "login_event" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_login_event" PRIMARY KEY,
    "user_sid" TEXT CONSTRAINT "fk_login_event__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_login_event__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "outcome" TEXT NOT NULL CONSTRAINT "ck_login_event__outcome" CHECK ("outcome" IN ('failed', 'logged_out', 'refused', 'succeeded')),
    "ip" TEXT CONSTRAINT "ck_login_event__ip" CHECK (length("ip") <= 64),
    "user_agent" TEXT CONSTRAINT "ck_login_event__user_agent" CHECK (length("user_agent") <= 255),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_login_event__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE INDEX "ix_login_event__user_sid" ON "login_event" ("user_sid");

CREATE INDEX "ix_login_event__address" ON "login_event" ("address");

CREATE INDEX "ix_login_event__occurred_at" ON "login_event" ("occurred_at");

CREATE TRIGGER "ao_login_event__update" BEFORE UPDATE ON "login_event"
BEGIN
    SELECT RAISE(ABORT, 'login_event is append-only');
END;

CREATE TRIGGER "ao_login_event__delete" BEFORE DELETE ON "login_event"
BEGIN
    SELECT RAISE(ABORT, 'login_event is append-only');
END;

CREATE TABLE "rate_window" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_rate_window" PRIMARY KEY,
    "key" TEXT NOT NULL CONSTRAINT "ck_rate_window__key" CHECK (length("key") BETWEEN 1 AND 160),
    "count" INTEGER NOT NULL CONSTRAINT "ck_rate_window__count" CHECK ("count" BETWEEN 0 AND 4294967295),
    "ends_at" INTEGER NOT NULL CONSTRAINT "ck_rate_window__ends_at" CHECK ("ends_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_rate_window__key" ON "rate_window" ("key");

CREATE INDEX "ix_rate_window__ends_at" ON "rate_window" ("ends_at");

CREATE TABLE "api_key" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_api_key" PRIMARY KEY,
    "scope" TEXT NOT NULL CONSTRAINT "ck_api_key__scope" CHECK ("scope" IN ('admin', 'node', 'user')),
    "user_sid" TEXT CONSTRAINT "fk_api_key__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "node_id" TEXT,
    "name" TEXT NOT NULL CONSTRAINT "ck_api_key__name" CHECK (length("name") BETWEEN 1 AND 80),
    "prefix" TEXT NOT NULL CONSTRAINT "ck_api_key__prefix" CHECK (length("prefix") BETWEEN 1 AND 16),
    "key_hash" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_api_key__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER CONSTRAINT "ck_api_key__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "last_used_at" INTEGER CONSTRAINT "ck_api_key__last_used_at" CHECK ("last_used_at" BETWEEN 0 AND 4294967295),
    "revoked_at" INTEGER CONSTRAINT "ck_api_key__revoked_at" CHECK ("revoked_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_api_key__user_sid" ON "api_key" ("user_sid");

CREATE INDEX "ix_api_key__node_id" ON "api_key" ("node_id");

CREATE UNIQUE INDEX "uq_api_key__key_hash" ON "api_key" ("key_hash");

CREATE TABLE "billing" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_billing" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_billing__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "credit_balance" INTEGER NOT NULL,
    "lifetime_paid" INTEGER NOT NULL,
    "discount_tier" TEXT NOT NULL CONSTRAINT "ck_billing__discount_tier" CHECK ("discount_tier" IN ('month', 'none', 'week')),
    "current_plan_id" TEXT,
    "vm_quota_total" INTEGER CONSTRAINT "ck_billing__vm_quota_total" CHECK ("vm_quota_total" BETWEEN 0 AND 4294967295),
    "vm_quota_used" INTEGER CONSTRAINT "ck_billing__vm_quota_used" CHECK ("vm_quota_used" BETWEEN 0 AND 4294967295),
    "vm_quota_period_end" INTEGER CONSTRAINT "ck_billing__vm_quota_period_end" CHECK ("vm_quota_period_end" BETWEEN 0 AND 4294967295),
    "renew" INTEGER NOT NULL CONSTRAINT "ck_billing__renew" CHECK ("renew" IN (0, 1)),
    "first_paid_at" INTEGER CONSTRAINT "ck_billing__first_paid_at" CHECK ("first_paid_at" BETWEEN 0 AND 4294967295),
    "last_active_at" INTEGER CONSTRAINT "ck_billing__last_active_at" CHECK ("last_active_at" BETWEEN 0 AND 4294967295),
    "debt_since" INTEGER CONSTRAINT "ck_billing__debt_since" CHECK ("debt_since" BETWEEN 0 AND 4294967295),
    "frozen" INTEGER NOT NULL CONSTRAINT "ck_billing__frozen" CHECK ("frozen" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_billing__user_sid" ON "billing" ("user_sid");

CREATE INDEX "ix_billing__current_plan_id" ON "billing" ("current_plan_id");

CREATE INDEX "ix_billing__vm_quota_period_end" ON "billing" ("vm_quota_period_end");

CREATE INDEX "ix_billing__debt_since" ON "billing" ("debt_since");

CREATE INDEX "ix_billing__frozen" ON "billing" ("frozen");

CREATE TABLE "ledger_transaction" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_ledger_transaction" PRIMARY KEY,
    "kind" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__kind" CHECK ("kind" IN ('adjustment', 'dispute_hold', 'dispute_loss', 'dispute_release', 'grant', 'grant_expiry', 'plan', 'refund', 'top_up', 'usage', 'usage_void', 'write_off')),
    "user_sid" TEXT CONSTRAINT "fk_ledger_transaction__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "posting_key" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__posting_key" CHECK (length("posting_key") BETWEEN 1 AND 800),
    "source" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__source" CHECK (length("source") BETWEEN 3 AND 768),
    "reason" TEXT NOT NULL CONSTRAINT "ck_ledger_transaction__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "effective_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_transaction__effective_at" CHECK ("effective_at" BETWEEN 0 AND 4294967295),
    "posted_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_transaction__posted_at" CHECK ("posted_at" BETWEEN 0 AND 4294967295),
    "hash" TEXT NOT NULL
) STRICT;

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

CREATE TABLE "ledger_entry" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_ledger_entry" PRIMARY KEY,
    "position" TEXT NOT NULL CONSTRAINT "ck_ledger_entry__position" CHECK (length("position") = 20 AND "position" NOT GLOB '*[^0-9]*' AND "position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "transaction_sid" TEXT NOT NULL CONSTRAINT "fk_ledger_entry__transaction_sid" REFERENCES "ledger_transaction" ("sid") ON DELETE RESTRICT,
    "account" TEXT NOT NULL,
    "user_sid" TEXT CONSTRAINT "fk_ledger_entry__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "amount" INTEGER NOT NULL,
    "balance_after" INTEGER NOT NULL,
    "effective_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_entry__effective_at" CHECK ("effective_at" BETWEEN 0 AND 4294967295),
    "posted_at" INTEGER NOT NULL CONSTRAINT "ck_ledger_entry__posted_at" CHECK ("posted_at" BETWEEN 0 AND 4294967295),
    "reason" TEXT NOT NULL CONSTRAINT "ck_ledger_entry__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "source" TEXT NOT NULL CONSTRAINT "ck_ledger_entry__source" CHECK (length("source") BETWEEN 3 AND 768),
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_ledger_entry__position" ON "ledger_entry" ("position");

CREATE INDEX "ix_ledger_entry__transaction_sid" ON "ledger_entry" ("transaction_sid");

CREATE INDEX "ix_ledger_entry__posted_at" ON "ledger_entry" ("posted_at");

CREATE INDEX "ix_ledger_entry__source" ON "ledger_entry" ("source");

CREATE INDEX "ix_ledger_entry__account_and_position" ON "ledger_entry" ("account", "position");

CREATE INDEX "ix_ledger_entry__user_sid_and_posted_at" ON "ledger_entry" ("user_sid", "posted_at");

CREATE TRIGGER "ao_ledger_entry__update" BEFORE UPDATE ON "ledger_entry"
BEGIN
    SELECT RAISE(ABORT, 'ledger_entry is append-only');
END;

CREATE TRIGGER "ao_ledger_entry__delete" BEFORE DELETE ON "ledger_entry"
BEGIN
    SELECT RAISE(ABORT, 'ledger_entry is append-only');
END;

CREATE TABLE "ledger_queue" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_ledger_queue" PRIMARY KEY,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE TABLE "credit_lot" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_credit_lot" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_credit_lot__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "kind" TEXT NOT NULL CONSTRAINT "ck_credit_lot__kind" CHECK ("kind" IN ('granted', 'purchased')),
    "transaction_sid" TEXT NOT NULL CONSTRAINT "fk_credit_lot__transaction_sid" REFERENCES "ledger_transaction" ("sid") ON DELETE RESTRICT,
    "source" TEXT NOT NULL CONSTRAINT "ck_credit_lot__source" CHECK (length("source") BETWEEN 3 AND 768),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_credit_lot__amount" CHECK ("amount" >= 0),
    "remaining" INTEGER NOT NULL CONSTRAINT "ck_credit_lot__remaining" CHECK ("remaining" >= 0),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_credit_lot__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER CONSTRAINT "ck_credit_lot__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_credit_lot__kind" ON "credit_lot" ("kind");

CREATE UNIQUE INDEX "uq_credit_lot__transaction_sid" ON "credit_lot" ("transaction_sid");

CREATE INDEX "ix_credit_lot__expires_at" ON "credit_lot" ("expires_at");

CREATE INDEX "ix_credit_lot__user_sid_and_remaining" ON "credit_lot" ("user_sid", "remaining");

CREATE TABLE "top_up" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_top_up" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_top_up__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "session_ref" TEXT NOT NULL CONSTRAINT "ck_top_up__session_ref" CHECK (length("session_ref") BETWEEN 1 AND 255),
    "payment_ref" TEXT CONSTRAINT "ck_top_up__payment_ref" CHECK (length("payment_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_top_up__amount" CHECK ("amount" >= 0),
    "refunded" INTEGER NOT NULL CONSTRAINT "ck_top_up__refunded" CHECK ("refunded" >= 0),
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

CREATE INDEX "ix_top_up__user_sid" ON "top_up" ("user_sid");

CREATE INDEX "ix_top_up__status" ON "top_up" ("status");

CREATE INDEX "ix_top_up__created_at" ON "top_up" ("created_at");

CREATE INDEX "ix_top_up__settled_at" ON "top_up" ("settled_at");

CREATE INDEX "ix_top_up__next_check_at" ON "top_up" ("next_check_at");

CREATE INDEX "ix_top_up__provider_and_session_ref" ON "top_up" ("provider", "session_ref");

CREATE UNIQUE INDEX "uq_top_up__provider_and_payment_ref" ON "top_up" ("provider", "payment_ref");

CREATE TABLE "payment_event" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_payment_event" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "provider_event_id" TEXT NOT NULL CONSTRAINT "ck_payment_event__provider_event_id" CHECK (length("provider_event_id") BETWEEN 1 AND 255),
    "external_ref" TEXT NOT NULL CONSTRAINT "ck_payment_event__external_ref" CHECK (length("external_ref") BETWEEN 1 AND 255),
    "user_sid" TEXT CONSTRAINT "fk_payment_event__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "top_up_sid" TEXT CONSTRAINT "fk_payment_event__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "amount_minor" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "kind" TEXT NOT NULL CONSTRAINT "ck_payment_event__kind" CHECK ("kind" IN ('dispute_lost', 'dispute_opened', 'dispute_won', 'other', 'payment_failed', 'payment_pending', 'payment_succeeded', 'refund_changed', 'refund_failed', 'session_expired')),
    "status" TEXT NOT NULL CONSTRAINT "ck_payment_event__status" CHECK ("status" IN ('applied', 'ignored', 'needs_review')),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_payment_event__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "received_at" INTEGER NOT NULL CONSTRAINT "ck_payment_event__received_at" CHECK ("received_at" BETWEEN 0 AND 4294967295)
) STRICT;

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

CREATE TABLE "refund" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_refund" PRIMARY KEY,
    "top_up_sid" TEXT NOT NULL CONSTRAINT "fk_refund__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_refund__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "refund_ref" TEXT CONSTRAINT "ck_refund__refund_ref" CHECK (length("refund_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_refund__amount" CHECK ("amount" >= 0),
    "status" TEXT NOT NULL CONSTRAINT "ck_refund__status" CHECK ("status" IN ('canceled', 'failed', 'pending', 'succeeded')),
    "started_by" TEXT NOT NULL CONSTRAINT "ck_refund__started_by" CHECK ("started_by" IN ('operator', 'provider')),
    "reason" TEXT NOT NULL CONSTRAINT "ck_refund__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_refund__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "settled_at" INTEGER CONSTRAINT "ck_refund__settled_at" CHECK ("settled_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_refund__top_up_sid" ON "refund" ("top_up_sid");

CREATE INDEX "ix_refund__user_sid" ON "refund" ("user_sid");

CREATE INDEX "ix_refund__status" ON "refund" ("status");

CREATE UNIQUE INDEX "uq_refund__provider_and_refund_ref" ON "refund" ("provider", "refund_ref");

CREATE TABLE "dispute" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_dispute" PRIMARY KEY,
    "top_up_sid" TEXT NOT NULL CONSTRAINT "fk_dispute__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_dispute__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "dispute_ref" TEXT NOT NULL CONSTRAINT "ck_dispute__dispute_ref" CHECK (length("dispute_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_dispute__amount" CHECK ("amount" >= 0),
    "status" TEXT NOT NULL CONSTRAINT "ck_dispute__status" CHECK ("status" IN ('lost', 'open', 'won')),
    "opened_at" INTEGER NOT NULL CONSTRAINT "ck_dispute__opened_at" CHECK ("opened_at" BETWEEN 0 AND 4294967295),
    "closed_at" INTEGER CONSTRAINT "ck_dispute__closed_at" CHECK ("closed_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_dispute__top_up_sid" ON "dispute" ("top_up_sid");

CREATE INDEX "ix_dispute__user_sid" ON "dispute" ("user_sid");

CREATE INDEX "ix_dispute__status" ON "dispute" ("status");

CREATE UNIQUE INDEX "uq_dispute__provider_and_dispute_ref" ON "dispute" ("provider", "dispute_ref");

CREATE TABLE "webhook_inbox_entry" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_webhook_inbox_entry" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "provider_event_id" TEXT NOT NULL CONSTRAINT "ck_webhook_inbox_entry__provider_event_id" CHECK (length("provider_event_id") BETWEEN 1 AND 255),
    "event_type" TEXT NOT NULL CONSTRAINT "ck_webhook_inbox_entry__event_type" CHECK (length("event_type") <= 128),
    "headers" TEXT NOT NULL,
    "body" BLOB NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_webhook_inbox_entry__state" CHECK ("state" IN ('applied', 'failed', 'ignored', 'received')),
    "attempts" INTEGER NOT NULL CONSTRAINT "ck_webhook_inbox_entry__attempts" CHECK ("attempts" BETWEEN 0 AND 4294967295),
    "next_attempt_at" INTEGER CONSTRAINT "ck_webhook_inbox_entry__next_attempt_at" CHECK ("next_attempt_at" BETWEEN 0 AND 4294967295),
    "failure" TEXT CONSTRAINT "ck_webhook_inbox_entry__failure" CHECK (length("failure") <= 500),
    "received_at" INTEGER NOT NULL CONSTRAINT "ck_webhook_inbox_entry__received_at" CHECK ("received_at" BETWEEN 0 AND 4294967295),
    "applied_at" INTEGER CONSTRAINT "ck_webhook_inbox_entry__applied_at" CHECK ("applied_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_webhook_inbox_entry__provider" ON "webhook_inbox_entry" ("provider");

CREATE INDEX "ix_webhook_inbox_entry__state" ON "webhook_inbox_entry" ("state");

CREATE INDEX "ix_webhook_inbox_entry__next_attempt_at" ON "webhook_inbox_entry" ("next_attempt_at");

CREATE INDEX "ix_webhook_inbox_entry__received_at" ON "webhook_inbox_entry" ("received_at");

CREATE UNIQUE INDEX "uq_webhook_inbox_entry__provider_and_provider_event_id" ON "webhook_inbox_entry" ("provider", "provider_event_id");

CREATE TABLE "reconciliation" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_reconciliation" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "day" TEXT NOT NULL,
    "ours" INTEGER NOT NULL,
    "theirs" INTEGER NOT NULL,
    "difference" INTEGER NOT NULL,
    "items" TEXT NOT NULL,
    "checked_at" INTEGER NOT NULL CONSTRAINT "ck_reconciliation__checked_at" CHECK ("checked_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_reconciliation__day" ON "reconciliation" ("day");

CREATE UNIQUE INDEX "uq_reconciliation__provider_and_day" ON "reconciliation" ("provider", "day");

CREATE TABLE "kyc_session" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_kyc_session" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_kyc_session__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "client_id" TEXT NOT NULL CONSTRAINT "ck_kyc_session__client_id" CHECK (length("client_id") BETWEEN 1 AND 100),
    "scan_ref" TEXT CONSTRAINT "ck_kyc_session__scan_ref" CHECK (length("scan_ref") BETWEEN 1 AND 64),
    "status" TEXT NOT NULL CONSTRAINT "ck_kyc_session__status" CHECK ("status" IN ('completed', 'expired', 'failed', 'in_progress', 'pending', 'review')),
    "redirect_url" TEXT CONSTRAINT "ck_kyc_session__redirect_url" CHECK (length("redirect_url") BETWEEN 1 AND 2048),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_kyc_session__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER CONSTRAINT "ck_kyc_session__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "completed_at" INTEGER CONSTRAINT "ck_kyc_session__completed_at" CHECK ("completed_at" BETWEEN 0 AND 4294967295),
    "reason" TEXT CONSTRAINT "ck_kyc_session__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "superseded_at" INTEGER CONSTRAINT "ck_kyc_session__superseded_at" CHECK ("superseded_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_kyc_session__user_sid" ON "kyc_session" ("user_sid");

CREATE UNIQUE INDEX "uq_kyc_session__client_id" ON "kyc_session" ("client_id");

CREATE INDEX "ix_kyc_session__status" ON "kyc_session" ("status");

CREATE INDEX "ix_kyc_session__created_at" ON "kyc_session" ("created_at");

CREATE INDEX "ix_kyc_session__expires_at" ON "kyc_session" ("expires_at");

CREATE UNIQUE INDEX "uq_kyc_session__provider_and_scan_ref" ON "kyc_session" ("provider", "scan_ref");

CREATE TABLE "kyc_event" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_kyc_event" PRIMARY KEY,
    "provider" TEXT NOT NULL,
    "event_id" TEXT NOT NULL CONSTRAINT "ck_kyc_event__event_id" CHECK (length("event_id") BETWEEN 1 AND 255),
    "session_sid" TEXT CONSTRAINT "fk_kyc_event__session_sid" REFERENCES "kyc_session" ("sid") ON DELETE RESTRICT,
    "user_sid" TEXT CONSTRAINT "fk_kyc_event__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "scan_ref" TEXT NOT NULL CONSTRAINT "ck_kyc_event__scan_ref" CHECK (length("scan_ref") BETWEEN 1 AND 64),
    "final" INTEGER NOT NULL CONSTRAINT "ck_kyc_event__final" CHECK ("final" IN (0, 1)),
    "status" TEXT NOT NULL CONSTRAINT "ck_kyc_event__status" CHECK ("status" IN ('completed', 'expired', 'failed', 'in_progress', 'pending', 'review')),
    "tags" TEXT NOT NULL,
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_kyc_event__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "received_at" INTEGER NOT NULL CONSTRAINT "ck_kyc_event__received_at" CHECK ("received_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE INDEX "ix_kyc_event__session_sid" ON "kyc_event" ("session_sid");

CREATE INDEX "ix_kyc_event__user_sid" ON "kyc_event" ("user_sid");

CREATE INDEX "ix_kyc_event__scan_ref" ON "kyc_event" ("scan_ref");

CREATE INDEX "ix_kyc_event__status" ON "kyc_event" ("status");

CREATE INDEX "ix_kyc_event__received_at" ON "kyc_event" ("received_at");

CREATE UNIQUE INDEX "uq_kyc_event__provider_and_event_id" ON "kyc_event" ("provider", "event_id");

CREATE TRIGGER "ao_kyc_event__update" BEFORE UPDATE ON "kyc_event"
BEGIN
    SELECT RAISE(ABORT, 'kyc_event is append-only');
END;

CREATE TRIGGER "ao_kyc_event__delete" BEFORE DELETE ON "kyc_event"
BEGIN
    SELECT RAISE(ABORT, 'kyc_event is append-only');
END;

CREATE TABLE "plan_purchase" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_plan_purchase" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_plan_purchase__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "plan_id" TEXT NOT NULL,
    "cost" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__cost" CHECK ("cost" >= 0),
    "vm_count" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__vm_count" CHECK ("vm_count" BETWEEN 1 AND 4294967295),
    "days" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__days" CHECK ("days" BETWEEN 1 AND 4294967295),
    "sku" TEXT NOT NULL,
    "period_start" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__period_start" CHECK ("period_start" BETWEEN 0 AND 4294967295),
    "period_end" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__period_end" CHECK ("period_end" BETWEEN 0 AND 4294967295),
    "renewed_from" TEXT CONSTRAINT "fk_plan_purchase__renewed_from" REFERENCES "plan_purchase" ("sid") ON DELETE RESTRICT
) STRICT;

CREATE INDEX "ix_plan_purchase__user_sid" ON "plan_purchase" ("user_sid");

CREATE INDEX "ix_plan_purchase__plan_id" ON "plan_purchase" ("plan_id");

CREATE INDEX "ix_plan_purchase__period_end" ON "plan_purchase" ("period_end");

CREATE UNIQUE INDEX "uq_plan_purchase__renewed_from" ON "plan_purchase" ("renewed_from");

CREATE TRIGGER "ao_plan_purchase__update" BEFORE UPDATE ON "plan_purchase"
BEGIN
    SELECT RAISE(ABORT, 'plan_purchase is append-only');
END;

CREATE TRIGGER "ao_plan_purchase__delete" BEFORE DELETE ON "plan_purchase"
BEGIN
    SELECT RAISE(ABORT, 'plan_purchase is append-only');
END;

CREATE TABLE "vm_allocation" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_vm_allocation" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_vm_allocation__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "plan_id" TEXT,
    "purchase_sid" TEXT CONSTRAINT "fk_vm_allocation__purchase_sid" REFERENCES "plan_purchase" ("sid") ON DELETE RESTRICT,
    "sku" TEXT NOT NULL,
    "status" TEXT NOT NULL CONSTRAINT "ck_vm_allocation__status" CHECK ("status" IN ('active', 'expired', 'failed', 'provisioning', 'released')),
    "cost_cents" INTEGER NOT NULL,
    "ssh_pub_key" TEXT CONSTRAINT "ck_vm_allocation__ssh_pub_key" CHECK (length("ssh_pub_key") BETWEEN 20 AND 2048),
    "address" TEXT CONSTRAINT "ck_vm_allocation__address" CHECK (length("address") BETWEEN 2 AND 64),
    "provider" TEXT NOT NULL,
    "provider_ref" TEXT CONSTRAINT "ck_vm_allocation__provider_ref" CHECK (length("provider_ref") BETWEEN 1 AND 255),
    "allocated_at" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__allocated_at" CHECK ("allocated_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "released_at" INTEGER CONSTRAINT "ck_vm_allocation__released_at" CHECK ("released_at" BETWEEN 0 AND 4294967295),
    "stopped_at" INTEGER CONSTRAINT "ck_vm_allocation__stopped_at" CHECK ("stopped_at" BETWEEN 0 AND 4294967295),
    "wipe_at" INTEGER CONSTRAINT "ck_vm_allocation__wipe_at" CHECK ("wipe_at" BETWEEN 0 AND 4294967295),
    "failure" TEXT CONSTRAINT "ck_vm_allocation__failure" CHECK (length("failure") <= 500),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_vm_allocation__purchase_sid" ON "vm_allocation" ("purchase_sid");

CREATE INDEX "ix_vm_allocation__status" ON "vm_allocation" ("status");

CREATE INDEX "ix_vm_allocation__expires_at" ON "vm_allocation" ("expires_at");

CREATE INDEX "ix_vm_allocation__wipe_at" ON "vm_allocation" ("wipe_at");

CREATE INDEX "ix_vm_allocation__user_sid_and_status" ON "vm_allocation" ("user_sid", "status");

CREATE TABLE "pool_vm" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_pool_vm" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_pool_vm__name" CHECK (length("name") BETWEEN 1 AND 80),
    "address" TEXT NOT NULL CONSTRAINT "ck_pool_vm__address" CHECK (length("address") BETWEEN 2 AND 64),
    "sku" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_pool_vm__state" CHECK ("state" IN ('claimed', 'dirty', 'free', 'retired', 'used')),
    "allocation_sid" TEXT CONSTRAINT "fk_pool_vm__allocation_sid" REFERENCES "vm_allocation" ("sid") ON DELETE RESTRICT,
    "state_since" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__state_since" CHECK ("state_since" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_pool_vm__name" ON "pool_vm" ("name");

CREATE UNIQUE INDEX "uq_pool_vm__address" ON "pool_vm" ("address");

CREATE UNIQUE INDEX "uq_pool_vm__allocation_sid" ON "pool_vm" ("allocation_sid");

CREATE INDEX "ix_pool_vm__state_and_sku" ON "pool_vm" ("state", "sku");

CREATE TABLE "waiting_list_entry" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_waiting_list_entry" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_waiting_list_entry__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "sku" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_waiting_list_entry__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "notified_at" INTEGER CONSTRAINT "ck_waiting_list_entry__notified_at" CHECK ("notified_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_waiting_list_entry__sku" ON "waiting_list_entry" ("sku");

CREATE INDEX "ix_waiting_list_entry__created_at" ON "waiting_list_entry" ("created_at");

CREATE UNIQUE INDEX "uq_waiting_list_entry__user_sid_and_sku" ON "waiting_list_entry" ("user_sid", "sku");

CREATE TABLE "node" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_node" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "repo_url" TEXT NOT NULL CONSTRAINT "ck_node__repo_url" CHECK (length("repo_url") BETWEEN 1 AND 2048),
    "branch" TEXT NOT NULL CONSTRAINT "ck_node__branch" CHECK (length("branch") BETWEEN 1 AND 128),
    "layout" TEXT NOT NULL CONSTRAINT "ck_node__layout" CHECK ("layout" IN ('repository', 'shared')),
    "keys" TEXT NOT NULL,
    "kinds" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_node__state" CHECK ("state" IN ('active', 'halted', 'retired')),
    "root_commit" TEXT,
    "last_commit" TEXT,
    "halted_commit" TEXT,
    "halted_reason" TEXT CONSTRAINT "ck_node__halted_reason" CHECK ("halted_reason" IN ('bad_signature', 'content_conflict', 'edited_bytes', 'forbidden_change', 'not_canonical', 'parse_error', 'rewritten_history', 'sequence_gap', 'unreachable', 'wrong_node')),
    "halted_detail" TEXT CONSTRAINT "ck_node__halted_detail" CHECK (length("halted_detail") <= 500),
    "halted_at" INTEGER CONSTRAINT "ck_node__halted_at" CHECK ("halted_at" BETWEEN 0 AND 4294967295),
    "last_seen_at" INTEGER CONSTRAINT "ck_node__last_seen_at" CHECK ("last_seen_at" BETWEEN 0 AND 4294967295),
    "registered_at" INTEGER NOT NULL CONSTRAINT "ck_node__registered_at" CHECK ("registered_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_node__node_id" ON "node" ("node_id");

CREATE INDEX "ix_node__state" ON "node" ("state");

CREATE INDEX "ix_node__halted_at" ON "node" ("halted_at");

CREATE INDEX "ix_node__last_seen_at" ON "node" ("last_seen_at");

CREATE TABLE "price_book" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_price_book" PRIMARY KEY,
    "effective_from" INTEGER NOT NULL CONSTRAINT "ck_price_book__effective_from" CHECK ("effective_from" BETWEEN 0 AND 4294967295),
    "digest" TEXT NOT NULL,
    "note" TEXT CONSTRAINT "ck_price_book__note" CHECK (length("note") <= 500),
    "loaded_at" INTEGER NOT NULL CONSTRAINT "ck_price_book__loaded_at" CHECK ("loaded_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE UNIQUE INDEX "uq_price_book__effective_from" ON "price_book" ("effective_from");

CREATE UNIQUE INDEX "uq_price_book__digest" ON "price_book" ("digest");

CREATE TRIGGER "ao_price_book__update" BEFORE UPDATE ON "price_book"
BEGIN
    SELECT RAISE(ABORT, 'price_book is append-only');
END;

CREATE TRIGGER "ao_price_book__delete" BEFORE DELETE ON "price_book"
BEGIN
    SELECT RAISE(ABORT, 'price_book is append-only');
END;

CREATE TABLE "price" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_price" PRIMARY KEY,
    "book_sid" TEXT NOT NULL CONSTRAINT "fk_price__book_sid" REFERENCES "price_book" ("sid") ON DELETE RESTRICT,
    "category" TEXT NOT NULL CONSTRAINT "ck_price__category" CHECK ("category" IN ('hero_os_hourly', 'llm', 'vm')),
    "kind" TEXT NOT NULL,
    "model" TEXT NOT NULL CONSTRAINT "ck_price__model" CHECK (length("model") <= 128),
    "unit" TEXT NOT NULL CONSTRAINT "ck_price__unit" CHECK ("unit" IN ('cost', 'instance_hour', 'million_tokens', 'vm_hour')),
    "unit_price" INTEGER NOT NULL CONSTRAINT "ck_price__unit_price" CHECK ("unit_price" >= 0),
    "margin_bp" INTEGER NOT NULL CONSTRAINT "ck_price__margin_bp" CHECK ("margin_bp" BETWEEN 0 AND 1000000),
    "discountable" INTEGER NOT NULL CONSTRAINT "ck_price__discountable" CHECK ("discountable" IN (0, 1))
) STRICT;

CREATE INDEX "ix_price__book_sid" ON "price" ("book_sid");

CREATE INDEX "ix_price__category" ON "price" ("category");

CREATE INDEX "ix_price__kind" ON "price" ("kind");

CREATE UNIQUE INDEX "uq_price__book_sid_and_kind_and_model" ON "price" ("book_sid", "kind", "model");

CREATE TRIGGER "ao_price__update" BEFORE UPDATE ON "price"
BEGIN
    SELECT RAISE(ABORT, 'price is append-only');
END;

CREATE TRIGGER "ao_price__delete" BEFORE DELETE ON "price"
BEGIN
    SELECT RAISE(ABORT, 'price is append-only');
END;

CREATE TABLE "usage_record" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_usage_record" PRIMARY KEY,
    "schema" INTEGER NOT NULL CONSTRAINT "ck_usage_record__schema" CHECK ("schema" BETWEEN 1 AND 4294967295),
    "node_id" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL CONSTRAINT "ck_usage_record__stream_id" CHECK (length("stream_id") BETWEEN 1 AND 64),
    "local_seq" TEXT NOT NULL CONSTRAINT "ck_usage_record__local_seq" CHECK (length("local_seq") = 20 AND "local_seq" NOT GLOB '*[^0-9]*' AND "local_seq" BETWEEN '00000000000000000001' AND '18446744073709551615'),
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_usage_record__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "resource_kind" TEXT NOT NULL,
    "quantity" TEXT NOT NULL CONSTRAINT "ck_usage_record__quantity" CHECK ("quantity" >= '='),
    "applies_to" TEXT CONSTRAINT "ck_usage_record__applies_to" CHECK ("applies_to" IN ('hero_os_hourly', 'llm', 'vm')),
    "idempotency_key" TEXT NOT NULL CONSTRAINT "ck_usage_record__idempotency_key" CHECK (length("idempotency_key") BETWEEN 1 AND 128),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_usage_record__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "interval_seconds" INTEGER CONSTRAINT "ck_usage_record__interval_seconds" CHECK ("interval_seconds" BETWEEN 0 AND 4294967295),
    "instance_id" TEXT CONSTRAINT "ck_usage_record__instance_id" CHECK (length("instance_id") BETWEEN 1 AND 64),
    "model" TEXT CONSTRAINT "ck_usage_record__model" CHECK (length("model") BETWEEN 1 AND 128),
    "cost" TEXT CONSTRAINT "ck_usage_record__cost" CHECK ("cost" >= '='),
    "amount_cents" INTEGER CONSTRAINT "ck_usage_record__amount_cents" CHECK ("amount_cents" >= 0),
    "void" TEXT CONSTRAINT "ck_usage_record__void" CHECK (length("void") BETWEEN 1 AND 128),
    "commit" TEXT NOT NULL,
    "path" TEXT NOT NULL CONSTRAINT "ck_usage_record__path" CHECK (length("path") BETWEEN 1 AND 512),
    "line" INTEGER NOT NULL CONSTRAINT "ck_usage_record__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "line_hash" TEXT NOT NULL,
    "price_sid" TEXT CONSTRAINT "fk_usage_record__price_sid" REFERENCES "price" ("sid") ON DELETE RESTRICT,
    "margin_bp" INTEGER NOT NULL CONSTRAINT "ck_usage_record__margin_bp" CHECK ("margin_bp" BETWEEN 0 AND 1000000),
    "tier" TEXT NOT NULL CONSTRAINT "ck_usage_record__tier" CHECK ("tier" IN ('month', 'none', 'week')),
    "discount_base" TEXT NOT NULL CONSTRAINT "ck_usage_record__discount_base" CHECK ("discount_base" IN ('floor_at_cost', 'full', 'margin_only')),
    "list_charge" INTEGER NOT NULL,
    "charge" INTEGER NOT NULL,
    "rounding_rest" TEXT NOT NULL,
    "consumed_at" INTEGER NOT NULL CONSTRAINT "ck_usage_record__consumed_at" CHECK ("consumed_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE UNIQUE INDEX "uq_usage_record__idempotency_key" ON "usage_record" ("idempotency_key");

CREATE INDEX "ix_usage_record__price_sid" ON "usage_record" ("price_sid");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_stream_id_and_local_seq" ON "usage_record" ("node_id", "stream_id", "local_seq");

CREATE INDEX "ix_usage_record__user_sid_and_occurred_at" ON "usage_record" ("user_sid", "occurred_at");

CREATE INDEX "ix_usage_record__instance_id_and_occurred_at" ON "usage_record" ("instance_id", "occurred_at");

CREATE INDEX "ix_usage_record__node_id_and_commit" ON "usage_record" ("node_id", "commit");

CREATE TRIGGER "ao_usage_record__update" BEFORE UPDATE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

CREATE TRIGGER "ao_usage_record__delete" BEFORE DELETE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

CREATE TABLE "daily_usage" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_daily_usage" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_daily_usage__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "day" TEXT NOT NULL,
    "node_id" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL CONSTRAINT "ck_daily_usage__instance_id" CHECK (length("instance_id") <= 64),
    "resource_kind" TEXT NOT NULL,
    "category" TEXT NOT NULL CONSTRAINT "ck_daily_usage__category" CHECK ("category" IN ('hero_os_hourly', 'llm', 'vm')),
    "model" TEXT NOT NULL CONSTRAINT "ck_daily_usage__model" CHECK (length("model") <= 128),
    "records" TEXT NOT NULL CONSTRAINT "ck_daily_usage__records" CHECK (length("records") = 20 AND "records" NOT GLOB '*[^0-9]*' AND "records" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "quantity" TEXT NOT NULL,
    "list_charge" INTEGER NOT NULL,
    "discount" INTEGER NOT NULL,
    "charge" INTEGER NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_daily_usage__day" ON "daily_usage" ("day");

CREATE UNIQUE INDEX "uq_daily_usage__user_sid_and_day_and_node_id_and_ins_f2e201991e" ON "daily_usage" ("user_sid", "day", "node_id", "instance_id", "resource_kind", "category", "model");

CREATE TABLE "operator_act" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_operator_act" PRIMARY KEY,
    "position" TEXT NOT NULL CONSTRAINT "ck_operator_act__position" CHECK (length("position") = 20 AND "position" NOT GLOB '*[^0-9]*' AND "position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "operator" TEXT NOT NULL CONSTRAINT "ck_operator_act__operator" CHECK (length("operator") BETWEEN 1 AND 80),
    "act" TEXT NOT NULL CONSTRAINT "ck_operator_act__act" CHECK (length("act") BETWEEN 1 AND 80),
    "subject" TEXT NOT NULL CONSTRAINT "ck_operator_act__subject" CHECK (length("subject") <= 255),
    "arguments" TEXT NOT NULL,
    "reason" TEXT NOT NULL CONSTRAINT "ck_operator_act__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "request_id" TEXT NOT NULL CONSTRAINT "ck_operator_act__request_id" CHECK (length("request_id") <= 64),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_operator_act__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_operator_act__position" ON "operator_act" ("position");

CREATE INDEX "ix_operator_act__operator" ON "operator_act" ("operator");

CREATE INDEX "ix_operator_act__act" ON "operator_act" ("act");

CREATE INDEX "ix_operator_act__subject" ON "operator_act" ("subject");

CREATE INDEX "ix_operator_act__occurred_at" ON "operator_act" ("occurred_at");

CREATE UNIQUE INDEX "uq_operator_act__hash" ON "operator_act" ("hash");

CREATE TRIGGER "ao_operator_act__update" BEFORE UPDATE ON "operator_act"
BEGIN
    SELECT RAISE(ABORT, 'operator_act is append-only');
END;

CREATE TRIGGER "ao_operator_act__delete" BEFORE DELETE ON "operator_act"
BEGIN
    SELECT RAISE(ABORT, 'operator_act is append-only');
END;

CREATE TABLE "quarantined_line" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_quarantined_line" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "path" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__path" CHECK (length("path") BETWEEN 1 AND 512),
    "line" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "line_hash" TEXT NOT NULL,
    "reason" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__reason" CHECK ("reason" IN ('foreign_instance', 'implausible', 'interval_overlap', 'kind_not_allowed', 'time_out_of_bounds', 'unknown_price', 'unknown_user')),
    "detail" TEXT CONSTRAINT "ck_quarantined_line__detail" CHECK (length("detail") <= 500),
    "record" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__state" CHECK ("state" IN ('accepted', 'open', 'rejected')),
    "quarantined_at" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__quarantined_at" CHECK ("quarantined_at" BETWEEN 0 AND 4294967295),
    "decided_at" INTEGER CONSTRAINT "ck_quarantined_line__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295),
    "act_sid" TEXT CONSTRAINT "fk_quarantined_line__act_sid" REFERENCES "operator_act" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_quarantined_line__node_id" ON "quarantined_line" ("node_id");

CREATE INDEX "ix_quarantined_line__reason" ON "quarantined_line" ("reason");

CREATE INDEX "ix_quarantined_line__state" ON "quarantined_line" ("state");

CREATE INDEX "ix_quarantined_line__quarantined_at" ON "quarantined_line" ("quarantined_at");

CREATE UNIQUE INDEX "uq_quarantined_line__act_sid" ON "quarantined_line" ("act_sid");

CREATE UNIQUE INDEX "uq_quarantined_line__node_id_and_commit_and_path_and_line" ON "quarantined_line" ("node_id", "commit", "path", "line");

CREATE TABLE "stream_cursor" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_stream_cursor" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__stream_id" CHECK (length("stream_id") BETWEEN 1 AND 64),
    "last_seq" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__last_seq" CHECK (length("last_seq") = 20 AND "last_seq" NOT GLOB '*[^0-9]*' AND "last_seq" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "last_occurred_at" INTEGER NOT NULL CONSTRAINT "ck_stream_cursor__last_occurred_at" CHECK ("last_occurred_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_stream_cursor__node_id_and_stream_id" ON "stream_cursor" ("node_id", "stream_id");

CREATE TABLE "usage_skip" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_usage_skip" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "line" INTEGER CONSTRAINT "ck_usage_skip__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "reason" TEXT NOT NULL CONSTRAINT "ck_usage_skip__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "act_sid" TEXT NOT NULL CONSTRAINT "fk_usage_skip__act_sid" REFERENCES "operator_act" ("sid") ON DELETE RESTRICT,
    "skipped_at" INTEGER NOT NULL CONSTRAINT "ck_usage_skip__skipped_at" CHECK ("skipped_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE UNIQUE INDEX "uq_usage_skip__act_sid" ON "usage_skip" ("act_sid");

CREATE INDEX "ix_usage_skip__node_id_and_commit" ON "usage_skip" ("node_id", "commit");

CREATE TRIGGER "ao_usage_skip__update" BEFORE UPDATE ON "usage_skip"
BEGIN
    SELECT RAISE(ABORT, 'usage_skip is append-only');
END;

CREATE TRIGGER "ao_usage_skip__delete" BEFORE DELETE ON "usage_skip"
BEGIN
    SELECT RAISE(ABORT, 'usage_skip is append-only');
END;

CREATE TABLE "consumed_commit" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_consumed_commit" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "parent" TEXT,
    "committed_at" INTEGER NOT NULL CONSTRAINT "ck_consumed_commit__committed_at" CHECK ("committed_at" BETWEEN 0 AND 4294967295),
    "records" INTEGER NOT NULL CONSTRAINT "ck_consumed_commit__records" CHECK ("records" BETWEEN 0 AND 4294967295),
    "duplicates" INTEGER NOT NULL CONSTRAINT "ck_consumed_commit__duplicates" CHECK ("duplicates" BETWEEN 0 AND 4294967295),
    "quarantined" INTEGER NOT NULL CONSTRAINT "ck_consumed_commit__quarantined" CHECK ("quarantined" BETWEEN 0 AND 4294967295),
    "charge" INTEGER NOT NULL,
    "consumed_at" INTEGER NOT NULL CONSTRAINT "ck_consumed_commit__consumed_at" CHECK ("consumed_at" BETWEEN 0 AND 4294967295),
    "skip_sid" TEXT CONSTRAINT "fk_consumed_commit__skip_sid" REFERENCES "usage_skip" ("sid") ON DELETE RESTRICT
) STRICT;

CREATE INDEX "ix_consumed_commit__node_id" ON "consumed_commit" ("node_id");

CREATE INDEX "ix_consumed_commit__consumed_at" ON "consumed_commit" ("consumed_at");

CREATE UNIQUE INDEX "uq_consumed_commit__skip_sid" ON "consumed_commit" ("skip_sid");

CREATE UNIQUE INDEX "uq_consumed_commit__node_id_and_commit" ON "consumed_commit" ("node_id", "commit");

CREATE TRIGGER "ao_consumed_commit__update" BEFORE UPDATE ON "consumed_commit"
BEGIN
    SELECT RAISE(ABORT, 'consumed_commit is append-only');
END;

CREATE TRIGGER "ao_consumed_commit__delete" BEFORE DELETE ON "consumed_commit"
BEGIN
    SELECT RAISE(ABORT, 'consumed_commit is append-only');
END;

CREATE TABLE "operator_alert" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_operator_alert" PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL CONSTRAINT "ck_operator_alert__subject" CHECK (length("subject") <= 255),
    "detail" TEXT NOT NULL CONSTRAINT "ck_operator_alert__detail" CHECK (length("detail") <= 1000),
    "raised_at" INTEGER NOT NULL CONSTRAINT "ck_operator_alert__raised_at" CHECK ("raised_at" BETWEEN 0 AND 4294967295),
    "count" INTEGER NOT NULL CONSTRAINT "ck_operator_alert__count" CHECK ("count" BETWEEN 0 AND 4294967295),
    "cleared_at" INTEGER CONSTRAINT "ck_operator_alert__cleared_at" CHECK ("cleared_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_operator_alert__raised_at" ON "operator_alert" ("raised_at");

CREATE INDEX "ix_operator_alert__cleared_at" ON "operator_alert" ("cleared_at");

CREATE INDEX "ix_operator_alert__kind_and_subject" ON "operator_alert" ("kind", "subject");

CREATE TABLE "notice" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_notice" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_notice__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "kind" TEXT NOT NULL,
    "occasion" TEXT NOT NULL CONSTRAINT "ck_notice__occasion" CHECK (length("occasion") BETWEEN 1 AND 128),
    "text" TEXT NOT NULL CONSTRAINT "ck_notice__text" CHECK (length("text") BETWEEN 1 AND 500),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_notice__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "read_at" INTEGER CONSTRAINT "ck_notice__read_at" CHECK ("read_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_notice__user_sid" ON "notice" ("user_sid");

CREATE INDEX "ix_notice__kind" ON "notice" ("kind");

CREATE UNIQUE INDEX "uq_notice__occasion" ON "notice" ("occasion");

CREATE INDEX "ix_notice__created_at" ON "notice" ("created_at");

CREATE TABLE "alert_settings" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_alert_settings" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_alert_settings__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "low_balance" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance" CHECK ("low_balance" IN (0, 1)),
    "low_balance_threshold" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance_threshold" CHECK ("low_balance_threshold" >= 0),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_alert_settings__user_sid" ON "alert_settings" ("user_sid");

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

CREATE TABLE "lease" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_lease" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_lease__name" CHECK (length("name") BETWEEN 1 AND 128),
    "holder" TEXT NOT NULL CONSTRAINT "ck_lease__holder" CHECK (length("holder") BETWEEN 1 AND 128),
    "fence" TEXT NOT NULL CONSTRAINT "ck_lease__fence" CHECK (length("fence") = 20 AND "fence" NOT GLOB '*[^0-9]*' AND "fence" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "acquired_at" INTEGER NOT NULL CONSTRAINT "ck_lease__acquired_at" CHECK ("acquired_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_lease__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_lease__name" ON "lease" ("name");

CREATE INDEX "ix_lease__expires_at" ON "lease" ("expires_at");

CREATE TABLE "job_run" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_job_run" PRIMARY KEY,
    "job" TEXT NOT NULL CONSTRAINT "ck_job_run__job" CHECK (length("job") BETWEEN 1 AND 80),
    "started_at" INTEGER NOT NULL CONSTRAINT "ck_job_run__started_at" CHECK ("started_at" BETWEEN 0 AND 4294967295),
    "finished_at" INTEGER NOT NULL CONSTRAINT "ck_job_run__finished_at" CHECK ("finished_at" BETWEEN 0 AND 4294967295),
    "succeeded" INTEGER NOT NULL CONSTRAINT "ck_job_run__succeeded" CHECK ("succeeded" IN (0, 1)),
    "report" TEXT,
    "failure" TEXT CONSTRAINT "ck_job_run__failure" CHECK (length("failure") <= 1000)
) STRICT;

CREATE INDEX "ix_job_run__job" ON "job_run" ("job");

CREATE INDEX "ix_job_run__started_at" ON "job_run" ("started_at");

CREATE INDEX "ix_job_run__succeeded" ON "job_run" ("succeeded");

CREATE TRIGGER "ao_job_run__update" BEFORE UPDATE ON "job_run"
BEGIN
    SELECT RAISE(ABORT, 'job_run is append-only');
END;

CREATE TRIGGER "ao_job_run__delete" BEFORE DELETE ON "job_run"
BEGIN
    SELECT RAISE(ABORT, 'job_run is append-only');
END;

CREATE TABLE "checkpoint_root" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_checkpoint_root" PRIMARY KEY,
    "day" TEXT NOT NULL,
    "first_position" TEXT NOT NULL CONSTRAINT "ck_checkpoint_root__first_position" CHECK (length("first_position") = 20 AND "first_position" NOT GLOB '*[^0-9]*' AND "first_position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "last_position" TEXT NOT NULL CONSTRAINT "ck_checkpoint_root__last_position" CHECK (length("last_position") = 20 AND "last_position" NOT GLOB '*[^0-9]*' AND "last_position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "root" TEXT NOT NULL,
    "previous_root" TEXT,
    "signature" TEXT NOT NULL CONSTRAINT "ck_checkpoint_root__signature" CHECK (length("signature") BETWEEN 1 AND 128),
    "public_key" TEXT NOT NULL CONSTRAINT "ck_checkpoint_root__public_key" CHECK (length("public_key") BETWEEN 1 AND 128),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_checkpoint_root__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295)
) STRICT;

CREATE UNIQUE INDEX "uq_checkpoint_root__day" ON "checkpoint_root" ("day");

CREATE TRIGGER "ao_checkpoint_root__update" BEFORE UPDATE ON "checkpoint_root"
BEGIN
    SELECT RAISE(ABORT, 'checkpoint_root is append-only');
END;

CREATE TRIGGER "ao_checkpoint_root__delete" BEFORE DELETE ON "checkpoint_root"
BEGIN
    SELECT RAISE(ABORT, 'checkpoint_root is append-only');
END;
