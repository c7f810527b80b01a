-- Runs in one transaction.

LOCK TABLE "recorded_day" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "recorded_day") THEN
        RAISE EXCEPTION USING MESSAGE = 'recorded_day: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP TABLE "recorded_day";
