-- Runs in one transaction.

LOCK TABLE "item" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "item" WHERE "color" IN ('black')) THEN
        RAISE EXCEPTION USING MESSAGE = 'item: color may no longer be ''black'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "item" WHERE "state" NOT IN ('new', 'done')) THEN
        RAISE EXCEPTION USING MESSAGE = 'item: state is now a closed enum, and some rows hold other values; change them first';
    END IF;
END
$$;

ALTER TABLE "item" DROP CONSTRAINT "ck_item__color";

ALTER TABLE "item" DROP CONSTRAINT "ck_item__size";

ALTER TABLE "item" ADD CONSTRAINT "ck_item__color" CHECK ("color" IN ('blue', 'green', 'red'));

ALTER TABLE "item" ADD CONSTRAINT "ck_item__state" CHECK ("state" IN ('done', 'new'));
