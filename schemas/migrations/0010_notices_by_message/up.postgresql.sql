-- Runs in one transaction.

ALTER TABLE "notice" ADD COLUMN "sent_at" BIGINT CONSTRAINT "ck_notice__sent_at" CHECK ("sent_at" BETWEEN 0 AND 4294967295);

ALTER TABLE "alert_settings" ADD COLUMN "messages" BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE "alert_settings" ALTER COLUMN "messages" DROP DEFAULT;

CREATE INDEX "ix_alert_settings__messages" ON "alert_settings" ("messages");
