-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'notice.sent_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "notice" WHERE "sent_at" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'alert_settings.messages holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "alert_settings" WHERE "messages" IS NOT NULL AND "messages" <> 0);

DROP TABLE migration_guard;

CREATE TABLE "notice__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_notice" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_notice__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "kind" TEXT NOT NULL,
    "occasion" TEXT NOT NULL CONSTRAINT "ck_notice__occasion" CHECK (length("occasion") BETWEEN 1 AND 128),
    "text" TEXT NOT NULL CONSTRAINT "ck_notice__text" CHECK (length("text") BETWEEN 1 AND 500),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_notice__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "read_at" INTEGER CONSTRAINT "ck_notice__read_at" CHECK ("read_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "notice__new" ("sid", "user_sid", "kind", "occasion", "text", "created_at", "read_at", "rev")
SELECT "sid", "user_sid", "kind", "occasion", "text", "created_at", "read_at", "rev"
FROM "notice";

DROP TABLE "notice";

ALTER TABLE "notice__new" RENAME TO "notice";

CREATE INDEX "ix_notice__user_sid" ON "notice" ("user_sid");

CREATE INDEX "ix_notice__kind" ON "notice" ("kind");

CREATE UNIQUE INDEX "uq_notice__occasion" ON "notice" ("occasion");

CREATE INDEX "ix_notice__created_at" ON "notice" ("created_at");

CREATE TABLE "alert_settings__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_alert_settings" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_alert_settings__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "low_balance" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance" CHECK ("low_balance" IN (0, 1)),
    "low_balance_threshold" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance_threshold" CHECK ("low_balance_threshold" >= 0),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "alert_settings__new" ("sid", "user_sid", "low_balance", "low_balance_threshold", "rev")
SELECT "sid", "user_sid", "low_balance", "low_balance_threshold", "rev"
FROM "alert_settings";

DROP TABLE "alert_settings";

ALTER TABLE "alert_settings__new" RENAME TO "alert_settings";

CREATE UNIQUE INDEX "uq_alert_settings__user_sid" ON "alert_settings" ("user_sid");
