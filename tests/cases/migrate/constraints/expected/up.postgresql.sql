-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT (length("name") BETWEEN 1 AND 80)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.name has a constraint that some rows break; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE NOT ("price" >= 2500000000)) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.price has a constraint that some rows break; mend them first';
    END IF;
END
$$;

ALTER TABLE "user" DROP CONSTRAINT "ck_user__age";

ALTER TABLE "user" DROP CONSTRAINT "ck_user__price";

ALTER TABLE "user" ADD CONSTRAINT "ck_user__name" CHECK (length("name") BETWEEN 1 AND 80);

ALTER TABLE "user" ADD CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255);

ALTER TABLE "user" ADD CONSTRAINT "ck_user__price" CHECK ("price" >= 2500000000);
