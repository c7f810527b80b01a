-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- reconciliation.items as `rewrites` in migration.json says.

LOCK TABLE "dispute", "ledger_transaction", "notice", "operator_alert", "payment_event", "reconciliation", "top_up" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "ledger_transaction" WHERE "kind" IN ('dispute_reinstated', 'kyc_hold', 'kyc_release', 'overpayment', 'provider_fee')) THEN
        RAISE EXCEPTION USING MESSAGE = 'ledger_transaction: kind may no longer be ''dispute_reinstated'', ''kyc_hold'', ''kyc_release'', ''overpayment'', ''provider_fee'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "top_up" WHERE "excess" IS NOT NULL AND "excess" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'top_up.excess holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "top_up" WHERE "held" IS NOT NULL AND "held" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'top_up.held holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "payment_event" WHERE "kind" IN ('dispute_inquiry')) THEN
        RAISE EXCEPTION USING MESSAGE = 'payment_event: kind may no longer be ''dispute_inquiry'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "dispute" WHERE "status" IN ('inquiry')) THEN
        RAISE EXCEPTION USING MESSAGE = 'dispute: status may no longer be ''inquiry'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT 1 FROM "reconciliation" WHERE "found" IS NOT NULL AND "found" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'reconciliation.found holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "reconciliation" WHERE "fees" IS NOT NULL AND "fees" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'reconciliation.fees holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "reconciliation" WHERE "compare_again_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'reconciliation.compare_again_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_alert" WHERE "kind" IN ('payment_unknown', 'webhook_mode_differs')) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: kind may no longer be ''payment_unknown'', ''webhook_mode_differs'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "notice" WHERE "kind" IN ('payment_held')) THEN
        RAISE EXCEPTION USING MESSAGE = 'notice: kind may no longer be ''payment_held'', and some rows hold it; change them first';
    END IF;
END
$$;

ALTER TABLE "ledger_transaction" DROP CONSTRAINT "ck_ledger_transaction__kind";

ALTER TABLE "ledger_transaction" ADD CONSTRAINT "ck_ledger_transaction__kind" CHECK ("kind" IN ('adjustment', 'dispute_hold', 'dispute_loss', 'dispute_release', 'grant', 'grant_expiry', 'plan', 'refund', 'top_up', 'usage', 'usage_void', 'write_off'));

ALTER TABLE "top_up" DROP COLUMN "excess";

ALTER TABLE "top_up" DROP COLUMN "held";

ALTER TABLE "payment_event" DROP CONSTRAINT "ck_payment_event__kind";

ALTER TABLE "payment_event" ADD CONSTRAINT "ck_payment_event__kind" CHECK ("kind" IN ('dispute_lost', 'dispute_opened', 'dispute_won', 'other', 'payment_failed', 'payment_pending', 'payment_succeeded', 'refund_changed', 'refund_failed', 'session_expired'));

DROP INDEX "ix_refund__settled_at";

DROP INDEX "ix_dispute__opened_at";

ALTER TABLE "dispute" DROP CONSTRAINT "ck_dispute__status";

ALTER TABLE "dispute" ADD CONSTRAINT "ck_dispute__status" CHECK ("status" IN ('lost', 'open', 'won'));

DROP INDEX "ix_reconciliation__compare_again_at";

ALTER TABLE "reconciliation" DROP COLUMN "found";

ALTER TABLE "reconciliation" DROP COLUMN "fees";

ALTER TABLE "reconciliation" DROP COLUMN "compare_again_at";
