-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "city" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user: city is now required, and some rows have none; give them a value first';
    END IF;
END
$$;

ALTER TABLE "user" ALTER COLUMN "name" DROP NOT NULL;

ALTER TABLE "user" ALTER COLUMN "nick" DROP NOT NULL;

ALTER TABLE "user" ALTER COLUMN "city" SET NOT NULL;
