-- Runs in one transaction.

LOCK TABLE "alert_settings", "notice" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "notice" WHERE "sent_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'notice.sent_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "alert_settings" WHERE "messages" IS NOT NULL AND "messages" <> FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'alert_settings.messages holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "notice" DROP COLUMN "sent_at";

DROP INDEX "ix_alert_settings__messages";

ALTER TABLE "alert_settings" DROP COLUMN "messages";
