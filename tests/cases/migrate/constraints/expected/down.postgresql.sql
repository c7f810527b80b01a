-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT ("age" BETWEEN 0 AND 99)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.age has a constraint that some rows break; mend them first';
    END IF;
END
$$;

ALTER TABLE "user" DROP CONSTRAINT "ck_user__name";

ALTER TABLE "user" DROP CONSTRAINT "ck_user__age";

ALTER TABLE "user" DROP CONSTRAINT "ck_user__price";

ALTER TABLE "user" ADD CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 99);

ALTER TABLE "user" ADD CONSTRAINT "ck_user__price" CHECK ("price" >= 1000000000);
