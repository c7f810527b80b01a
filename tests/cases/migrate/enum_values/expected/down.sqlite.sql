-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'item: color may no longer be ''black'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "item" WHERE "color" IN ('black'));

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'item: state is now a closed enum, and some rows hold other values; change them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "item" WHERE "state" NOT IN ('new', 'done'));

DROP TABLE migration_guard;

CREATE TABLE "item__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_item" PRIMARY KEY,
    "color" TEXT NOT NULL CONSTRAINT "ck_item__color" CHECK (("color" = 'blue' OR "color" = 'green' OR "color" = 'red')),
    "size" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_item__state" CHECK (("state" = 'done' OR "state" = 'new')),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "item__new" ("sid", "color", "size", "state", "rev")
SELECT "sid", "color", "size", "state", "rev"
FROM "item";

DROP TABLE "item";

ALTER TABLE "item__new" RENAME TO "item";
