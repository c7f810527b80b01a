-- Runs in one transaction.

LOCK TABLE "note" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "note") THEN
        RAISE EXCEPTION USING MESSAGE = 'note: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP TRIGGER "ao_note__change" ON "note";

DROP FUNCTION "ao_note__change"();

DROP TABLE "note";
