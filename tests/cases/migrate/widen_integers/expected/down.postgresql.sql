-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT ("a" BETWEEN 0 AND 255)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.a has a constraint that some rows break; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT ("b" BETWEEN 0 AND 4294967295)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.b has a constraint that some rows break; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT ("c" BETWEEN -32768 AND 5)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.c has a constraint that some rows break; mend them first';
    END IF;
END
$$;

ALTER TABLE "user" DROP CONSTRAINT "ck_user__a";

ALTER TABLE "user" DROP CONSTRAINT "ck_user__b";

ALTER TABLE "user" DROP CONSTRAINT "ck_user__c";

ALTER TABLE "user" ALTER COLUMN "b" TYPE BIGINT;

ALTER TABLE "user" ALTER COLUMN "c" TYPE INTEGER;

ALTER TABLE "user" ADD CONSTRAINT "ck_user__a" CHECK ("a" BETWEEN 0 AND 255);

ALTER TABLE "user" ADD CONSTRAINT "ck_user__b" CHECK ("b" BETWEEN 0 AND 4294967295);

ALTER TABLE "user" ADD CONSTRAINT "ck_user__c" CHECK ("c" BETWEEN -32768 AND 5);
