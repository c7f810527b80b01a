-- Runs in one transaction.

LOCK TABLE "node", "operator_alert", "quarantined_line", "usage_skip" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "sets_prices" IS NOT NULL AND "sets_prices" <> FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.sets_prices holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "quarantined_line" WHERE "reason" IN ('price_not_allowed')) THEN
        RAISE EXCEPTION USING MESSAGE = 'quarantined_line: reason may no longer be ''price_not_allowed'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "usage_skip" WHERE "path" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_skip.path holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('node_unregistered')) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: kind may no longer be ''node_unregistered'', and some rows hold it; change them first';
    END IF;
END
$$;

ALTER TABLE "node" DROP COLUMN "sets_prices";

ALTER TABLE "quarantined_line" DROP CONSTRAINT "ck_quarantined_line__reason";

ALTER TABLE "quarantined_line" ADD CONSTRAINT "ck_quarantined_line__reason" CHECK ("reason" IN ('foreign_instance', 'implausible', 'interval_overlap', 'kind_not_allowed', 'time_out_of_bounds', 'unknown_price', 'unknown_user'));

ALTER TABLE "usage_skip" DROP COLUMN "path";
