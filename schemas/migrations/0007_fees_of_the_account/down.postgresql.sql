-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- reconciliation.items as `rewrites` in migration.json says.

LOCK TABLE "notice" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "notice" WHERE "kind" IN ('payment_released')) THEN
        RAISE EXCEPTION USING MESSAGE = 'notice: kind may no longer be ''payment_released'', and some rows hold it; change them first';
    END IF;
END
$$;
