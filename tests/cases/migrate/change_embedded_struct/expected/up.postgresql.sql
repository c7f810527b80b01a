-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "user" WHERE "addresses" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user: addresses holds values that the other schema cannot read (Address.city was deleted); rewrite them first';
    END IF;
END
$$;

ALTER TABLE "user" ADD COLUMN "note" TEXT COLLATE "C";
