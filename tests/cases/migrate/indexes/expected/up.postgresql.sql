-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE ("email") IN (SELECT "email" FROM "user" WHERE "email" IS NOT NULL GROUP BY "email" HAVING count(*) > 1) ORDER BY "email", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'user: (email) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE ("first", "last") IN (SELECT "first", "last" FROM "user" WHERE "first" IS NOT NULL AND "last" IS NOT NULL GROUP BY "first", "last" HAVING count(*) > 1) ORDER BY "first", "last", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'user: (first, last) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

DROP INDEX "ix_user__email";

DROP INDEX "ix_user__first_and_last";

CREATE INDEX "ix_user__last" ON "user" ("last");

CREATE UNIQUE INDEX "uq_user__email" ON "user" ("email");

CREATE UNIQUE INDEX "uq_user__first_and_last" ON "user" ("first", "last");
