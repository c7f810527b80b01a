-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user: (email) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "user" WHERE ("email") IN (SELECT "email" FROM "user" WHERE "email" IS NOT NULL GROUP BY "email" HAVING count(*) > 1) ORDER BY "email", "sid");

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'user: (first, last) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "user" WHERE ("first", "last") IN (SELECT "first", "last" FROM "user" WHERE "first" IS NOT NULL AND "last" IS NOT NULL GROUP BY "first", "last" HAVING count(*) > 1) ORDER BY "first", "last", "sid");

DROP TABLE migration_guard;

DROP INDEX "ix_user__email";

DROP INDEX "ix_user__first_and_last";

CREATE INDEX "ix_user__last" ON "user" ("last");

CREATE UNIQUE INDEX "uq_user__email" ON "user" ("email");

CREATE UNIQUE INDEX "uq_user__first_and_last" ON "user" ("first", "last");
