-- Runs in one transaction.

LOCK TABLE "house", "street", "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "street") THEN
        RAISE EXCEPTION USING MESSAGE = 'street: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "house") THEN
        RAISE EXCEPTION USING MESSAGE = 'house: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "home" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.home holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "user" DROP COLUMN "home";

DROP TABLE "street", "house";
