-- Runs in one transaction.

LOCK TABLE "node" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "balances_updated" IS NOT NULL AND "balances_updated" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.balances_updated holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "halts" IS NOT NULL AND "halts" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.halts holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "node" DROP COLUMN "balances_updated";

ALTER TABLE "node" DROP COLUMN "halts";
