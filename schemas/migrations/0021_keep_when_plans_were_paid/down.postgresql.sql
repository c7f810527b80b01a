-- Runs in one transaction.

-- Nothing is lost: the ledger has it, too.
ALTER TABLE "plan_purchase" DROP COLUMN "paid_at";
