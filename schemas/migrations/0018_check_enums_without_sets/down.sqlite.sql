-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

-- Tables whose checks held a set before.
CREATE TABLE "user__new" (
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

INSERT INTO "user__new" ("sid", "mycelium_address", "public_key", "display_name", "kyc_status", "kyc_verified_at", "created_at", "last_active", "rev")
SELECT "sid", "mycelium_address", "public_key", "display_name", "kyc_status", "kyc_verified_at", "created_at", "last_active", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";

CREATE UNIQUE INDEX "uq_user__mycelium_address" ON "user" ("mycelium_address");

CREATE UNIQUE INDEX "uq_user__public_key" ON "user" ("public_key");

CREATE INDEX "ix_user__kyc_status" ON "user" ("kyc_status");

CREATE TABLE "alert_settings__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_alert_settings" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_alert_settings__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "low_balance" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance" CHECK ("low_balance" IN (0, 1)),
    "low_balance_threshold" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance_threshold" CHECK ("low_balance_threshold" >= 0),
    "messages" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__messages" CHECK ("messages" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "alert_settings__new" ("sid", "user_sid", "low_balance", "low_balance_threshold", "messages", "rev")
SELECT "sid", "user_sid", "low_balance", "low_balance_threshold", "messages", "rev"
FROM "alert_settings";

DROP TABLE "alert_settings";

ALTER TABLE "alert_settings__new" RENAME TO "alert_settings";

CREATE UNIQUE INDEX "uq_alert_settings__user_sid" ON "alert_settings" ("user_sid");

CREATE INDEX "ix_alert_settings__messages" ON "alert_settings" ("messages");

CREATE TABLE "api_key__new" (
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

INSERT INTO "api_key__new" ("sid", "scope", "user_sid", "node_id", "name", "prefix", "key_hash", "created_at", "expires_at", "last_used_at", "revoked_at", "rev")
SELECT "sid", "scope", "user_sid", "node_id", "name", "prefix", "key_hash", "created_at", "expires_at", "last_used_at", "revoked_at", "rev"
FROM "api_key";

DROP TABLE "api_key";

ALTER TABLE "api_key__new" RENAME TO "api_key";

CREATE INDEX "ix_api_key__user_sid" ON "api_key" ("user_sid");

CREATE INDEX "ix_api_key__node_id" ON "api_key" ("node_id");

CREATE UNIQUE INDEX "uq_api_key__key_hash" ON "api_key" ("key_hash");

CREATE TABLE "audit_run__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_audit_run" PRIMARY KEY,
    "started_by" TEXT NOT NULL CONSTRAINT "ck_audit_run__started_by" CHECK ("started_by" IN ('job', 'operator')),
    "started_at" INTEGER NOT NULL CONSTRAINT "ck_audit_run__started_at" CHECK ("started_at" BETWEEN 0 AND 4294967295),
    "finished_at" INTEGER CONSTRAINT "ck_audit_run__finished_at" CHECK ("finished_at" BETWEEN 0 AND 4294967295),
    "check" TEXT NOT NULL CONSTRAINT "ck_audit_run__check" CHECK (length("check") <= 80),
    "place" TEXT NOT NULL,
    "entries" TEXT NOT NULL CONSTRAINT "ck_audit_run__entries" CHECK (length("entries") = 20 AND "entries" NOT GLOB '*[^0-9]*' AND "entries" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "findings" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "audit_run__new" ("sid", "started_by", "started_at", "finished_at", "check", "place", "entries", "findings", "rev")
SELECT "sid", "started_by", "started_at", "finished_at", "check", "place", "entries", "findings", "rev"
FROM "audit_run";

DROP TABLE "audit_run";

ALTER TABLE "audit_run__new" RENAME TO "audit_run";

CREATE INDEX "ix_audit_run__started_by" ON "audit_run" ("started_by");

CREATE TABLE "billing__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_billing" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_billing__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "credit_balance" INTEGER NOT NULL,
    "lifetime_paid" INTEGER NOT NULL,
    "discount_tier" TEXT NOT NULL CONSTRAINT "ck_billing__discount_tier" CHECK ("discount_tier" IN ('month', 'none', 'week')),
    "current_plan_id" TEXT,
    "vm_quota_total" INTEGER CONSTRAINT "ck_billing__vm_quota_total" CHECK ("vm_quota_total" BETWEEN 0 AND 4294967295),
    "vm_quota_used" INTEGER CONSTRAINT "ck_billing__vm_quota_used" CHECK ("vm_quota_used" BETWEEN 0 AND 4294967295),
    "vm_quota_period_end" INTEGER CONSTRAINT "ck_billing__vm_quota_period_end" CHECK ("vm_quota_period_end" BETWEEN 0 AND 4294967295),
    "vm_kept_until" INTEGER CONSTRAINT "ck_billing__vm_kept_until" CHECK ("vm_kept_until" BETWEEN 0 AND 4294967295),
    "renew" INTEGER NOT NULL CONSTRAINT "ck_billing__renew" CHECK ("renew" IN (0, 1)),
    "first_paid_at" INTEGER CONSTRAINT "ck_billing__first_paid_at" CHECK ("first_paid_at" BETWEEN 0 AND 4294967295),
    "last_active_at" INTEGER CONSTRAINT "ck_billing__last_active_at" CHECK ("last_active_at" BETWEEN 0 AND 4294967295),
    "debt_since" INTEGER CONSTRAINT "ck_billing__debt_since" CHECK ("debt_since" BETWEEN 0 AND 4294967295),
    "frozen" INTEGER NOT NULL CONSTRAINT "ck_billing__frozen" CHECK ("frozen" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "billing__new" ("sid", "user_sid", "credit_balance", "lifetime_paid", "discount_tier", "current_plan_id", "vm_quota_total", "vm_quota_used", "vm_quota_period_end", "vm_kept_until", "renew", "first_paid_at", "last_active_at", "debt_since", "frozen", "rev")
SELECT "sid", "user_sid", "credit_balance", "lifetime_paid", "discount_tier", "current_plan_id", "vm_quota_total", "vm_quota_used", "vm_quota_period_end", "vm_kept_until", "renew", "first_paid_at", "last_active_at", "debt_since", "frozen", "rev"
FROM "billing";

DROP TABLE "billing";

ALTER TABLE "billing__new" RENAME TO "billing";

CREATE UNIQUE INDEX "uq_billing__user_sid" ON "billing" ("user_sid");

CREATE INDEX "ix_billing__current_plan_id" ON "billing" ("current_plan_id");

CREATE INDEX "ix_billing__vm_quota_period_end" ON "billing" ("vm_quota_period_end");

CREATE INDEX "ix_billing__debt_since" ON "billing" ("debt_since");

CREATE INDEX "ix_billing__frozen" ON "billing" ("frozen");

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

CREATE TABLE "credit_lot__new" (
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

INSERT INTO "credit_lot__new" ("sid", "user_sid", "kind", "transaction_sid", "source", "amount", "remaining", "created_at", "expires_at", "rev")
SELECT "sid", "user_sid", "kind", "transaction_sid", "source", "amount", "remaining", "created_at", "expires_at", "rev"
FROM "credit_lot";

DROP TABLE "credit_lot";

ALTER TABLE "credit_lot__new" RENAME TO "credit_lot";

CREATE INDEX "ix_credit_lot__kind" ON "credit_lot" ("kind");

CREATE UNIQUE INDEX "uq_credit_lot__transaction_sid" ON "credit_lot" ("transaction_sid");

CREATE INDEX "ix_credit_lot__expires_at" ON "credit_lot" ("expires_at");

CREATE INDEX "ix_credit_lot__user_sid_and_remaining" ON "credit_lot" ("user_sid", "remaining");

CREATE TABLE "daily_usage__new" (
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

INSERT INTO "daily_usage__new" ("sid", "user_sid", "day", "node_id", "instance_id", "resource_kind", "category", "model", "records", "quantity", "list_charge", "discount", "charge", "rev")
SELECT "sid", "user_sid", "day", "node_id", "instance_id", "resource_kind", "category", "model", "records", "quantity", "list_charge", "discount", "charge", "rev"
FROM "daily_usage";

DROP TABLE "daily_usage";

ALTER TABLE "daily_usage__new" RENAME TO "daily_usage";

CREATE INDEX "ix_daily_usage__day" ON "daily_usage" ("day");

CREATE UNIQUE INDEX "uq_daily_usage__user_sid_and_day_and_node_id_and_ins_f2e201991e" ON "daily_usage" ("user_sid", "day", "node_id", "instance_id", "resource_kind", "category", "model");

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
SELECT "sid", "user_sid", "provider", "session_ref", "payment_ref", "amount", "refunded", "excess", "over_cap", "held", "status", "url", "phone", "created_at", "expires_at", "settled_at", "next_check_at", "checks", "review_reason", "rev"
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

CREATE TABLE "job_run__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_job_run" PRIMARY KEY,
    "job" TEXT NOT NULL CONSTRAINT "ck_job_run__job" CHECK (length("job") BETWEEN 1 AND 80),
    "started_at" INTEGER NOT NULL CONSTRAINT "ck_job_run__started_at" CHECK ("started_at" BETWEEN 0 AND 4294967295),
    "finished_at" INTEGER NOT NULL CONSTRAINT "ck_job_run__finished_at" CHECK ("finished_at" BETWEEN 0 AND 4294967295),
    "succeeded" INTEGER NOT NULL CONSTRAINT "ck_job_run__succeeded" CHECK ("succeeded" IN (0, 1)),
    "report" TEXT,
    "failure" TEXT CONSTRAINT "ck_job_run__failure" CHECK (length("failure") <= 1000)
) STRICT;

INSERT INTO "job_run__new" ("sid", "job", "started_at", "finished_at", "succeeded", "report", "failure")
SELECT "sid", "job", "started_at", "finished_at", "succeeded", "report", "failure"
FROM "job_run";

DROP TABLE "job_run";

ALTER TABLE "job_run__new" RENAME TO "job_run";

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

CREATE TABLE "kyc_session__new" (
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
    "decided_at" INTEGER CONSTRAINT "ck_kyc_session__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295),
    "next_check_at" INTEGER CONSTRAINT "ck_kyc_session__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295),
    "checks" INTEGER NOT NULL CONSTRAINT "ck_kyc_session__checks" CHECK ("checks" BETWEEN 0 AND 4294967295),
    "reason" TEXT CONSTRAINT "ck_kyc_session__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "superseded_at" INTEGER CONSTRAINT "ck_kyc_session__superseded_at" CHECK ("superseded_at" BETWEEN 0 AND 4294967295),
    "erased_at" INTEGER CONSTRAINT "ck_kyc_session__erased_at" CHECK ("erased_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "kyc_session__new" ("sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "decided_at", "next_check_at", "checks", "reason", "superseded_at", "erased_at", "rev")
SELECT "sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "decided_at", "next_check_at", "checks", "reason", "superseded_at", "erased_at", "rev"
FROM "kyc_session";

DROP TABLE "kyc_session";

ALTER TABLE "kyc_session__new" RENAME TO "kyc_session";

CREATE INDEX "ix_kyc_session__user_sid" ON "kyc_session" ("user_sid");

CREATE UNIQUE INDEX "uq_kyc_session__client_id" ON "kyc_session" ("client_id");

CREATE INDEX "ix_kyc_session__status" ON "kyc_session" ("status");

CREATE INDEX "ix_kyc_session__created_at" ON "kyc_session" ("created_at");

CREATE INDEX "ix_kyc_session__expires_at" ON "kyc_session" ("expires_at");

CREATE INDEX "ix_kyc_session__next_check_at" ON "kyc_session" ("next_check_at");

CREATE UNIQUE INDEX "uq_kyc_session__provider_and_scan_ref" ON "kyc_session" ("provider", "scan_ref");

CREATE TABLE "kyc_event__new" (
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

INSERT INTO "kyc_event__new" ("sid", "provider", "event_id", "session_sid", "user_sid", "scan_ref", "final", "status", "tags", "occurred_at", "received_at")
SELECT "sid", "provider", "event_id", "session_sid", "user_sid", "scan_ref", "final", "status", "tags", "occurred_at", "received_at"
FROM "kyc_event";

DROP TABLE "kyc_event";

ALTER TABLE "kyc_event__new" RENAME TO "kyc_event";

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

CREATE TABLE "login_challenge__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_login_challenge" PRIMARY KEY,
    "challenge_id" TEXT NOT NULL CONSTRAINT "ck_login_challenge__challenge_id" CHECK (length("challenge_id") BETWEEN 1 AND 64),
    "public_key" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_login_challenge__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "initiated_by" TEXT NOT NULL CONSTRAINT "ck_login_challenge__initiated_by" CHECK ("initiated_by" IN ('browser', 'program')),
    "peer" TEXT NOT NULL CONSTRAINT "ck_login_challenge__peer" CHECK (length("peer") <= 64),
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

INSERT INTO "login_challenge__new" ("sid", "challenge_id", "public_key", "address", "method", "initiated_by", "peer", "origin", "proof_hash", "pre_hash", "tries", "issued_at", "expires_at", "used_at", "link_hash", "link_expires_at", "link_used_at", "result", "rev")
SELECT "sid", "challenge_id", "public_key", "address", "method", "initiated_by", "peer", "origin", "proof_hash", "pre_hash", "tries", "issued_at", "expires_at", "used_at", "link_hash", "link_expires_at", "link_used_at", "result", "rev"
FROM "login_challenge";

DROP TABLE "login_challenge";

ALTER TABLE "login_challenge__new" RENAME TO "login_challenge";

CREATE UNIQUE INDEX "uq_login_challenge__challenge_id" ON "login_challenge" ("challenge_id");

CREATE INDEX "ix_login_challenge__expires_at" ON "login_challenge" ("expires_at");

CREATE UNIQUE INDEX "uq_login_challenge__link_hash" ON "login_challenge" ("link_hash");

CREATE INDEX "ix_login_challenge__public_key_and_peer" ON "login_challenge" ("public_key", "peer");

CREATE TABLE "login_event__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_login_event" PRIMARY KEY,
    "user_sid" TEXT CONSTRAINT "fk_login_event__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_login_event__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "outcome" TEXT NOT NULL CONSTRAINT "ck_login_event__outcome" CHECK ("outcome" IN ('failed', 'logged_out', 'refused', 'succeeded')),
    "ip" TEXT CONSTRAINT "ck_login_event__ip" CHECK (length("ip") <= 64),
    "user_agent" TEXT CONSTRAINT "ck_login_event__user_agent" CHECK (length("user_agent") <= 255),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_login_event__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295)
) STRICT;

INSERT INTO "login_event__new" ("sid", "user_sid", "address", "method", "outcome", "ip", "user_agent", "occurred_at")
SELECT "sid", "user_sid", "address", "method", "outcome", "ip", "user_agent", "occurred_at"
FROM "login_event";

DROP TABLE "login_event";

ALTER TABLE "login_event__new" RENAME TO "login_event";

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

CREATE TABLE "node__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_node" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "repo_url" TEXT NOT NULL CONSTRAINT "ck_node__repo_url" CHECK (length("repo_url") BETWEEN 1 AND 2048),
    "branch" TEXT NOT NULL CONSTRAINT "ck_node__branch" CHECK (length("branch") BETWEEN 1 AND 128),
    "layout" TEXT NOT NULL CONSTRAINT "ck_node__layout" CHECK ("layout" IN ('repository', 'shared')),
    "keys" TEXT NOT NULL,
    "kinds" TEXT NOT NULL,
    "sets_prices" INTEGER NOT NULL CONSTRAINT "ck_node__sets_prices" CHECK ("sets_prices" IN (0, 1)),
    "state" TEXT NOT NULL CONSTRAINT "ck_node__state" CHECK ("state" IN ('active', 'halted', 'retired')),
    "root_commit" TEXT,
    "last_commit" TEXT,
    "halted_commit" TEXT,
    "halted_reason" TEXT CONSTRAINT "ck_node__halted_reason" CHECK ("halted_reason" IN ('bad_signature', 'content_conflict', 'edited_bytes', 'forbidden_change', 'not_canonical', 'parse_error', 'rewritten_history', 'sequence_gap', 'unreachable', 'wrong_node')),
    "halted_detail" TEXT CONSTRAINT "ck_node__halted_detail" CHECK (length("halted_detail") <= 500),
    "halted_at" INTEGER CONSTRAINT "ck_node__halted_at" CHECK ("halted_at" BETWEEN 0 AND 4294967295),
    "last_seen_at" INTEGER CONSTRAINT "ck_node__last_seen_at" CHECK ("last_seen_at" BETWEEN 0 AND 4294967295),
    "records" TEXT NOT NULL CONSTRAINT "ck_node__records" CHECK (length("records") = 20 AND "records" NOT GLOB '*[^0-9]*' AND "records" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "duplicates" TEXT NOT NULL CONSTRAINT "ck_node__duplicates" CHECK (length("duplicates") = 20 AND "duplicates" NOT GLOB '*[^0-9]*' AND "duplicates" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "quarantined" TEXT NOT NULL CONSTRAINT "ck_node__quarantined" CHECK (length("quarantined") = 20 AND "quarantined" NOT GLOB '*[^0-9]*' AND "quarantined" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "registered_at" INTEGER NOT NULL CONSTRAINT "ck_node__registered_at" CHECK ("registered_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "node__new" ("sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "sets_prices", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev")
SELECT "sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "sets_prices", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev"
FROM "node";

DROP TABLE "node";

ALTER TABLE "node__new" RENAME TO "node";

CREATE UNIQUE INDEX "uq_node__node_id" ON "node" ("node_id");

CREATE INDEX "ix_node__state" ON "node" ("state");

CREATE INDEX "ix_node__halted_at" ON "node" ("halted_at");

CREATE INDEX "ix_node__last_seen_at" ON "node" ("last_seen_at");

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

CREATE TABLE "vm_allocation__new" (
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
    "next_check_at" INTEGER CONSTRAINT "ck_vm_allocation__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295),
    "checks" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__checks" CHECK ("checks" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "vm_allocation__new" ("sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", "next_check_at", "checks", "rev")
SELECT "sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", "next_check_at", "checks", "rev"
FROM "vm_allocation";

DROP TABLE "vm_allocation";

ALTER TABLE "vm_allocation__new" RENAME TO "vm_allocation";

CREATE INDEX "ix_vm_allocation__purchase_sid" ON "vm_allocation" ("purchase_sid");

CREATE INDEX "ix_vm_allocation__status" ON "vm_allocation" ("status");

CREATE INDEX "ix_vm_allocation__expires_at" ON "vm_allocation" ("expires_at");

CREATE INDEX "ix_vm_allocation__wipe_at" ON "vm_allocation" ("wipe_at");

CREATE INDEX "ix_vm_allocation__next_check_at" ON "vm_allocation" ("next_check_at");

CREATE INDEX "ix_vm_allocation__user_sid_and_status" ON "vm_allocation" ("user_sid", "status");

CREATE TABLE "pool_vm__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_pool_vm" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_pool_vm__name" CHECK (length("name") BETWEEN 1 AND 80),
    "address" TEXT NOT NULL CONSTRAINT "ck_pool_vm__address" CHECK (length("address") BETWEEN 2 AND 64),
    "sku" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_pool_vm__state" CHECK ("state" IN ('claimed', 'dirty', 'free', 'retired', 'used')),
    "running" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__running" CHECK ("running" IN (0, 1)),
    "leaving" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__leaving" CHECK ("leaving" IN (0, 1)),
    "allocation_sid" TEXT CONSTRAINT "fk_pool_vm__allocation_sid" REFERENCES "vm_allocation" ("sid") ON DELETE RESTRICT,
    "state_since" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__state_since" CHECK ("state_since" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "pool_vm__new" ("sid", "name", "address", "sku", "state", "running", "leaving", "allocation_sid", "state_since", "rev")
SELECT "sid", "name", "address", "sku", "state", "running", "leaving", "allocation_sid", "state_since", "rev"
FROM "pool_vm";

DROP TABLE "pool_vm";

ALTER TABLE "pool_vm__new" RENAME TO "pool_vm";

CREATE UNIQUE INDEX "uq_pool_vm__name" ON "pool_vm" ("name");

CREATE UNIQUE INDEX "uq_pool_vm__address" ON "pool_vm" ("address");

CREATE UNIQUE INDEX "uq_pool_vm__allocation_sid" ON "pool_vm" ("allocation_sid");

CREATE INDEX "ix_pool_vm__state_and_sku" ON "pool_vm" ("state", "sku");

CREATE TABLE "price__new" (
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

INSERT INTO "price__new" ("sid", "book_sid", "category", "kind", "model", "unit", "unit_price", "margin_bp", "discountable")
SELECT "sid", "book_sid", "category", "kind", "model", "unit", "unit_price", "margin_bp", "discountable"
FROM "price";

DROP TABLE "price";

ALTER TABLE "price__new" RENAME TO "price";

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

CREATE TABLE "quarantined_line__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_quarantined_line" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "path" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__path" CHECK (length("path") BETWEEN 1 AND 512),
    "line" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "line_hash" TEXT NOT NULL,
    "reason" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__reason" CHECK ("reason" IN ('foreign_instance', 'implausible', 'interval_overlap', 'kind_not_allowed', 'price_not_allowed', 'time_out_of_bounds', 'unknown_price', 'unknown_user')),
    "detail" TEXT CONSTRAINT "ck_quarantined_line__detail" CHECK (length("detail") <= 500),
    "record" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__state" CHECK ("state" IN ('accepted', 'open', 'rejected')),
    "quarantined_at" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__quarantined_at" CHECK ("quarantined_at" BETWEEN 0 AND 4294967295),
    "decided_at" INTEGER CONSTRAINT "ck_quarantined_line__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295),
    "act_sid" TEXT CONSTRAINT "fk_quarantined_line__act_sid" REFERENCES "operator_act" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "quarantined_line__new" ("sid", "node_id", "commit", "path", "line", "line_hash", "reason", "detail", "record", "state", "quarantined_at", "decided_at", "act_sid", "rev")
SELECT "sid", "node_id", "commit", "path", "line", "line_hash", "reason", "detail", "record", "state", "quarantined_at", "decided_at", "act_sid", "rev"
FROM "quarantined_line";

DROP TABLE "quarantined_line";

ALTER TABLE "quarantined_line__new" RENAME TO "quarantined_line";

CREATE INDEX "ix_quarantined_line__reason" ON "quarantined_line" ("reason");

CREATE INDEX "ix_quarantined_line__state" ON "quarantined_line" ("state");

CREATE INDEX "ix_quarantined_line__quarantined_at" ON "quarantined_line" ("quarantined_at");

CREATE UNIQUE INDEX "uq_quarantined_line__act_sid" ON "quarantined_line" ("act_sid");

CREATE UNIQUE INDEX "uq_quarantined_line__node_id_and_commit_and_path_and_line" ON "quarantined_line" ("node_id", "commit", "path", "line");

CREATE INDEX "ix_quarantined_line__node_id_and_line_hash" ON "quarantined_line" ("node_id", "line_hash");

CREATE TABLE "refund__new" (
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
    "next_attempt_at" INTEGER CONSTRAINT "ck_refund__next_attempt_at" CHECK ("next_attempt_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "refund__new" ("sid", "top_up_sid", "user_sid", "provider", "refund_ref", "amount", "status", "started_by", "reason", "created_at", "settled_at", "next_attempt_at", "rev")
SELECT "sid", "top_up_sid", "user_sid", "provider", "refund_ref", "amount", "status", "started_by", "reason", "created_at", "settled_at", "next_attempt_at", "rev"
FROM "refund";

DROP TABLE "refund";

ALTER TABLE "refund__new" RENAME TO "refund";

CREATE INDEX "ix_refund__top_up_sid" ON "refund" ("top_up_sid");

CREATE INDEX "ix_refund__user_sid" ON "refund" ("user_sid");

CREATE INDEX "ix_refund__status" ON "refund" ("status");

CREATE INDEX "ix_refund__settled_at" ON "refund" ("settled_at");

CREATE INDEX "ix_refund__next_attempt_at" ON "refund" ("next_attempt_at");

CREATE UNIQUE INDEX "uq_refund__provider_and_refund_ref" ON "refund" ("provider", "refund_ref");

CREATE TABLE "session__new" (
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

INSERT INTO "session__new" ("sid", "user_sid", "token_hash", "method", "created_at", "last_seen_at", "expires_at", "proved_at", "ip", "user_agent", "rev")
SELECT "sid", "user_sid", "token_hash", "method", "created_at", "last_seen_at", "expires_at", "proved_at", "ip", "user_agent", "rev"
FROM "session";

DROP TABLE "session";

ALTER TABLE "session__new" RENAME TO "session";

CREATE INDEX "ix_session__user_sid" ON "session" ("user_sid");

CREATE UNIQUE INDEX "uq_session__token_hash" ON "session" ("token_hash");

CREATE INDEX "ix_session__expires_at" ON "session" ("expires_at");

CREATE TABLE "stream_cursor__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_stream_cursor" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__stream_id" CHECK (length("stream_id") BETWEEN 1 AND 64),
    "last_seq" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__last_seq" CHECK (length("last_seq") = 20 AND "last_seq" NOT GLOB '*[^0-9]*' AND "last_seq" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "last_occurred_at" INTEGER NOT NULL CONSTRAINT "ck_stream_cursor__last_occurred_at" CHECK ("last_occurred_at" BETWEEN 0 AND 4294967295),
    "skipped" INTEGER NOT NULL CONSTRAINT "ck_stream_cursor__skipped" CHECK ("skipped" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "stream_cursor__new" ("sid", "node_id", "stream_id", "last_seq", "last_occurred_at", "skipped", "rev")
SELECT "sid", "node_id", "stream_id", "last_seq", "last_occurred_at", "skipped", "rev"
FROM "stream_cursor";

DROP TABLE "stream_cursor";

ALTER TABLE "stream_cursor__new" RENAME TO "stream_cursor";

CREATE UNIQUE INDEX "uq_stream_cursor__node_id_and_stream_id" ON "stream_cursor" ("node_id", "stream_id");

CREATE TABLE "usage_record__new" (
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
    "category" TEXT NOT NULL CONSTRAINT "ck_usage_record__category" CHECK ("category" IN ('hero_os_hourly', 'llm', 'vm')),
    "price_sid" TEXT CONSTRAINT "fk_usage_record__price_sid" REFERENCES "price" ("sid") ON DELETE RESTRICT,
    "margin_bp" INTEGER NOT NULL CONSTRAINT "ck_usage_record__margin_bp" CHECK ("margin_bp" BETWEEN 0 AND 1000000),
    "tier" TEXT NOT NULL CONSTRAINT "ck_usage_record__tier" CHECK ("tier" IN ('month', 'none', 'week')),
    "discount_base" TEXT NOT NULL CONSTRAINT "ck_usage_record__discount_base" CHECK ("discount_base" IN ('floor_at_cost', 'full', 'margin_only')),
    "list_charge" INTEGER NOT NULL,
    "charge" INTEGER NOT NULL,
    "rounding_rest" TEXT NOT NULL,
    "consumed_at" INTEGER NOT NULL CONSTRAINT "ck_usage_record__consumed_at" CHECK ("consumed_at" BETWEEN 0 AND 4294967295)
) STRICT;

INSERT INTO "usage_record__new" ("sid", "schema", "node_id", "stream_id", "local_seq", "user_sid", "resource_kind", "quantity", "applies_to", "idempotency_key", "occurred_at", "interval_seconds", "instance_id", "model", "cost", "amount_cents", "void", "commit", "path", "line", "line_hash", "category", "price_sid", "margin_bp", "tier", "discount_base", "list_charge", "charge", "rounding_rest", "consumed_at")
SELECT "sid", "schema", "node_id", "stream_id", "local_seq", "user_sid", "resource_kind", "quantity", "applies_to", "idempotency_key", "occurred_at", "interval_seconds", "instance_id", "model", "cost", "amount_cents", "void", "commit", "path", "line", "line_hash", "category", "price_sid", "margin_bp", "tier", "discount_base", "list_charge", "charge", "rounding_rest", "consumed_at"
FROM "usage_record";

DROP TABLE "usage_record";

ALTER TABLE "usage_record__new" RENAME TO "usage_record";

CREATE INDEX "ix_usage_record__price_sid" ON "usage_record" ("price_sid");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_stream_id_and_local_seq" ON "usage_record" ("node_id", "stream_id", "local_seq");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_idempotency_key" ON "usage_record" ("node_id", "idempotency_key");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_void" ON "usage_record" ("node_id", "void");

CREATE INDEX "ix_usage_record__user_sid_and_occurred_at" ON "usage_record" ("user_sid", "occurred_at");

CREATE INDEX "ix_usage_record__instance_id_and_occurred_at" ON "usage_record" ("instance_id", "occurred_at");

CREATE INDEX "ix_usage_record__node_id_and_commit_and_user_sid" ON "usage_record" ("node_id", "commit", "user_sid");

CREATE TRIGGER "ao_usage_record__update" BEFORE UPDATE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

CREATE TRIGGER "ao_usage_record__delete" BEFORE DELETE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

CREATE TABLE "webhook_inbox_entry__new" (
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

INSERT INTO "webhook_inbox_entry__new" ("sid", "provider", "provider_event_id", "event_type", "headers", "body", "state", "attempts", "next_attempt_at", "failure", "received_at", "applied_at", "rev")
SELECT "sid", "provider", "provider_event_id", "event_type", "headers", "body", "state", "attempts", "next_attempt_at", "failure", "received_at", "applied_at", "rev"
FROM "webhook_inbox_entry";

DROP TABLE "webhook_inbox_entry";

ALTER TABLE "webhook_inbox_entry__new" RENAME TO "webhook_inbox_entry";

CREATE INDEX "ix_webhook_inbox_entry__provider" ON "webhook_inbox_entry" ("provider");

CREATE INDEX "ix_webhook_inbox_entry__state" ON "webhook_inbox_entry" ("state");

CREATE INDEX "ix_webhook_inbox_entry__next_attempt_at" ON "webhook_inbox_entry" ("next_attempt_at");

CREATE INDEX "ix_webhook_inbox_entry__received_at" ON "webhook_inbox_entry" ("received_at");

CREATE UNIQUE INDEX "uq_webhook_inbox_entry__provider_and_provider_event_id" ON "webhook_inbox_entry" ("provider", "provider_event_id");
