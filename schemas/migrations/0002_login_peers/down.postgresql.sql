-- Runs in one transaction.

LOCK TABLE "login_challenge", "operator_alert" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "login_challenge" WHERE "peer" IS NOT NULL AND "peer" <> '') THEN
        RAISE EXCEPTION USING MESSAGE = 'login_challenge.peer holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_alert" WHERE "kind" IN ('secret_guessed')) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: kind may no longer be ''secret_guessed'', and some rows hold it; change them first';
    END IF;
END
$$;

DROP INDEX "ix_login_challenge__public_key_and_peer";

ALTER TABLE "login_challenge" DROP COLUMN "peer";

CREATE INDEX "ix_login_challenge__public_key" ON "login_challenge" ("public_key");
