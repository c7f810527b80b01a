-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "name" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user: name is now required, and some rows have none; give them a value first';
    END IF;
END
$$;

ALTER TABLE "user" ALTER COLUMN "name" SET NOT NULL;

UPDATE "user" SET "nick" = '-' WHERE "nick" IS NULL;

ALTER TABLE "user" ALTER COLUMN "nick" SET NOT NULL;

ALTER TABLE "user" ALTER COLUMN "city" DROP NOT NULL;
