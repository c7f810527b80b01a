-- Runs in one transaction.

LOCK TABLE "entry" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "entry" WHERE "note" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'entry.note holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "entry" WHERE "entry" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'entry.entry holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DROP INDEX "ix_entry__entry";

ALTER TABLE "entry" DROP COLUMN "note";

ALTER TABLE "entry" DROP COLUMN "entry";
