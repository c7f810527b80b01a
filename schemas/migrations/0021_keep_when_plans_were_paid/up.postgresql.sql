-- Runs in one transaction.

ALTER TABLE "plan_purchase" ADD COLUMN "paid_at" BIGINT CONSTRAINT "ck_plan_purchase__paid_at" CHECK ("paid_at" BETWEEN 0 AND 4294967295);

-- When plans of before were paid is kept in the ledger alone. Nobody else changes rows meanwhile: the table is locked.
ALTER TABLE "plan_purchase" DISABLE TRIGGER "ao_plan_purchase__change";

UPDATE "plan_purchase" SET "paid_at" = COALESCE(
    (SELECT "effective_at" FROM "ledger_transaction" WHERE "posting_key" = 'plan:' || "plan_purchase"."sid"), "period_start"
);

ALTER TABLE "plan_purchase" ENABLE TRIGGER "ao_plan_purchase__change";

ALTER TABLE "plan_purchase" ALTER COLUMN "paid_at" SET NOT NULL;
