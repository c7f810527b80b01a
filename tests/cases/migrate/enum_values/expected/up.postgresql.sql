-- Runs in one transaction.

LOCK TABLE "item" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "item" WHERE "color" IN ('green')) THEN
        RAISE EXCEPTION USING MESSAGE = 'item: color may no longer be ''green'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "item" WHERE "size" NOT IN ('s', 'm')) THEN
        RAISE EXCEPTION USING MESSAGE = 'item: size is now a closed enum, and some rows hold other values; change them first';
    END IF;
END
$$;

ALTER TABLE "item" DROP CONSTRAINT "ck_item__color";

ALTER TABLE "item" DROP CONSTRAINT "ck_item__state";

ALTER TABLE "item" ADD CONSTRAINT "ck_item__color" CHECK ("color" IN ('black', 'blue', 'red'));

ALTER TABLE "item" ADD CONSTRAINT "ck_item__size" CHECK ("size" IN ('m', 's'));
