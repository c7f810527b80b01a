-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user.nick holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "nick" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'user.level holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "level" IS NOT NULL AND "level" <> 1);

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'user.joined_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "joined_at" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'user.boss holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT "sid" FROM "user" WHERE "boss" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "name" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "name", "rev")
SELECT "sid", "name", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
