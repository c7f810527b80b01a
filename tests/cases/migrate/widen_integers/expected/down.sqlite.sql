-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user.a has a constraint that some rows break; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE NOT ("a" BETWEEN 0 AND 255));

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'user.b has a constraint that some rows break; mend them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "user" WHERE NOT (length("b") = 20 AND "b" NOT GLOB '*[^0-9]*' AND "b" BETWEEN '00000000000000000000' AND '00000000004294967295'));

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'user.c has a constraint that some rows break; mend them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT "sid" FROM "user" WHERE NOT ("c" BETWEEN -32768 AND 5));

DROP TABLE migration_guard;

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "a" INTEGER NOT NULL CONSTRAINT "ck_user__a" CHECK ("a" BETWEEN 0 AND 255),
    "b" INTEGER CONSTRAINT "ck_user__b" CHECK ("b" BETWEEN 0 AND 4294967295),
    "c" INTEGER NOT NULL CONSTRAINT "ck_user__c" CHECK ("c" BETWEEN -32768 AND 5),
    "d" INTEGER NOT NULL CONSTRAINT "ck_user__d" CHECK ("d" BETWEEN -2147483648 AND 2147483647),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "a", "b", "c", "d", "rev")
SELECT "sid", "a", CAST("b" AS INTEGER), "c", "d", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
