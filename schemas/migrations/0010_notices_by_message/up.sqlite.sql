-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "notice" ADD COLUMN "sent_at" INTEGER CONSTRAINT "ck_notice__sent_at" CHECK ("sent_at" BETWEEN 0 AND 4294967295);

CREATE TABLE "alert_settings__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_alert_settings" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_alert_settings__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "low_balance" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance" CHECK ("low_balance" IN (0, 1)),
    "low_balance_threshold" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__low_balance_threshold" CHECK ("low_balance_threshold" >= 0),
    "messages" INTEGER NOT NULL CONSTRAINT "ck_alert_settings__messages" CHECK ("messages" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "alert_settings__new" ("sid", "user_sid", "low_balance", "low_balance_threshold", "messages", "rev")
SELECT "sid", "user_sid", "low_balance", "low_balance_threshold", 0, "rev"
FROM "alert_settings";

DROP TABLE "alert_settings";

ALTER TABLE "alert_settings__new" RENAME TO "alert_settings";

CREATE UNIQUE INDEX "uq_alert_settings__user_sid" ON "alert_settings" ("user_sid");

CREATE INDEX "ix_alert_settings__messages" ON "alert_settings" ("messages");
