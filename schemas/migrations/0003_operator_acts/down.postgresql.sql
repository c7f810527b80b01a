-- Runs in one transaction.

LOCK TABLE "audit_run", "chain_head", "operator_act" IN ACCESS EXCLUSIVE MODE;

-- Heads follow from the acts, and an audit can be made again: neither is lost.
DELETE FROM "chain_head";

DELETE FROM "audit_run";

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_act" WHERE "before" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_act.before holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_act" WHERE "after" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_act.after holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "chain_head") THEN
        RAISE EXCEPTION USING MESSAGE = 'chain_head: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "audit_run") THEN
        RAISE EXCEPTION USING MESSAGE = 'audit_run: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

ALTER TABLE "operator_act" DROP COLUMN "before";

ALTER TABLE "operator_act" DROP COLUMN "after";

DROP TABLE "chain_head", "audit_run";
