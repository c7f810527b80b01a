-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user.name has a constraint that some rows break; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE NOT (length("name") BETWEEN 1 AND 80));

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'user.price has a constraint that some rows break; mend them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "user" WHERE NOT ("price" >= 2500000000));

DROP TABLE migration_guard;

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_user__name" CHECK (length("name") BETWEEN 1 AND 80),
    "age" INTEGER NOT NULL CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255),
    "code" TEXT NOT NULL,
    "price" INTEGER NOT NULL CONSTRAINT "ck_user__price" CHECK ("price" >= 2500000000),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "age", "code", "price", "rev")
SELECT "sid", "name", "age", "code", "price", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
