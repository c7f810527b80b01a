-- Runs in one transaction.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "nick" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.nick holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "level" IS NOT NULL AND "level" <> 1) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.level holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "joined_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.joined_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "boss" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.boss holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DROP INDEX "ix_user__nick";

ALTER TABLE "user" DROP COLUMN "nick";

ALTER TABLE "user" DROP COLUMN "level";

ALTER TABLE "user" DROP COLUMN "joined_at";

ALTER TABLE "user" DROP COLUMN "boss";
