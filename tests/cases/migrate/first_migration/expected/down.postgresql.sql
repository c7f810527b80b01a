-- Runs in one transaction.

LOCK TABLE "payment", "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user") THEN
        RAISE EXCEPTION USING MESSAGE = 'user: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "payment") THEN
        RAISE EXCEPTION USING MESSAGE = 'payment: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP TRIGGER "ao_payment__change" ON "payment";

DROP FUNCTION "ao_payment__change"();

DROP TABLE "user", "payment";
