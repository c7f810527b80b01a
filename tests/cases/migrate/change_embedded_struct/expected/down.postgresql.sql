-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.places, user.sent, note.home as `rewrites` in migration.json says.

LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "user" WHERE "note" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'user.note holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "user" RENAME COLUMN "places" TO "addresses";

ALTER TABLE "user" DROP COLUMN "note";
