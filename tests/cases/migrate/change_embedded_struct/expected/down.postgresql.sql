-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "user" WHERE "addresses" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user: addresses holds values that the other schema cannot read (Address.city is new and required); rewrite them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "user" WHERE "note" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.note holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "user" DROP COLUMN "note";
