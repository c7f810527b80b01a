-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "addresses" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user: addresses holds values that the other schema cannot read (u16 became u8); rewrite them first';
    END IF;
END
$$;
