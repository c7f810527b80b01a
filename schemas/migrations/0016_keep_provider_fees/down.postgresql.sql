-- Runs in one transaction.

LOCK TABLE "provider_fee" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "provider_fee") THEN
        RAISE EXCEPTION USING MESSAGE = 'provider_fee: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP TRIGGER "ao_provider_fee__change" ON "provider_fee";

DROP FUNCTION "ao_provider_fee__change"();

DROP TABLE "provider_fee";
