-- Runs in one transaction.

LOCK TABLE "billing" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "billing" WHERE "vm_kept_until" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'billing.vm_kept_until holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "billing" DROP COLUMN "vm_kept_until";
