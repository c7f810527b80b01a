-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- reconciliation.items as `rewrites` in migration.json says.

ALTER TABLE "ledger_transaction" DROP CONSTRAINT "ck_ledger_transaction__kind";

ALTER TABLE "ledger_transaction" ADD CONSTRAINT "ck_ledger_transaction__kind" CHECK ("kind" IN ('adjustment', 'dispute_hold', 'dispute_loss', 'dispute_reinstated', 'dispute_release', 'grant', 'grant_expiry', 'kyc_hold', 'kyc_release', 'overpayment', 'plan', 'provider_fee', 'refund', 'top_up', 'usage', 'usage_void', 'write_off'));

ALTER TABLE "top_up" ADD COLUMN "excess" BIGINT NOT NULL CONSTRAINT "ck_top_up__excess" CHECK ("excess" >= 0) DEFAULT 0;

ALTER TABLE "top_up" ALTER COLUMN "excess" DROP DEFAULT;

ALTER TABLE "top_up" ADD COLUMN "held" BIGINT NOT NULL CONSTRAINT "ck_top_up__held" CHECK ("held" >= 0) DEFAULT 0;

ALTER TABLE "top_up" ALTER COLUMN "held" DROP DEFAULT;

ALTER TABLE "payment_event" DROP CONSTRAINT "ck_payment_event__kind";

ALTER TABLE "payment_event" ADD CONSTRAINT "ck_payment_event__kind" CHECK ("kind" IN ('dispute_inquiry', 'dispute_lost', 'dispute_opened', 'dispute_won', 'other', 'payment_failed', 'payment_pending', 'payment_succeeded', 'refund_changed', 'refund_failed', 'session_expired'));

CREATE INDEX "ix_refund__settled_at" ON "refund" ("settled_at");

ALTER TABLE "dispute" DROP CONSTRAINT "ck_dispute__status";

ALTER TABLE "dispute" ADD CONSTRAINT "ck_dispute__status" CHECK ("status" IN ('inquiry', 'lost', 'open', 'won'));

CREATE INDEX "ix_dispute__opened_at" ON "dispute" ("opened_at");

ALTER TABLE "reconciliation" ADD COLUMN "found" BIGINT NOT NULL CONSTRAINT "ck_reconciliation__found" CHECK ("found" BETWEEN 0 AND 4294967295) DEFAULT 0;

ALTER TABLE "reconciliation" ALTER COLUMN "found" DROP DEFAULT;

ALTER TABLE "reconciliation" ADD COLUMN "fees" BIGINT NOT NULL DEFAULT 0;

ALTER TABLE "reconciliation" ALTER COLUMN "fees" DROP DEFAULT;

ALTER TABLE "reconciliation" ADD COLUMN "compare_again_at" BIGINT CONSTRAINT "ck_reconciliation__compare_again_at" CHECK ("compare_again_at" BETWEEN 0 AND 4294967295);

CREATE INDEX "ix_reconciliation__compare_again_at" ON "reconciliation" ("compare_again_at");
