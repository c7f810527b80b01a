-- Runs in one transaction.

LOCK TABLE "kyc_session", "operator_alert" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "kyc_session" WHERE "decided_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_session.decided_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "kyc_session" WHERE "next_check_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_session.next_check_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "kyc_session" WHERE "checks" IS NOT NULL AND "checks" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_session.checks holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('kyc_unknown', 'kyc_review')) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: kind may no longer be ''kyc_unknown'', ''kyc_review'', and some rows hold it; change them first';
    END IF;
END
$$;

DROP INDEX "ix_kyc_session__next_check_at";

ALTER TABLE "kyc_session" DROP COLUMN "decided_at";

ALTER TABLE "kyc_session" DROP COLUMN "next_check_at";

ALTER TABLE "kyc_session" DROP COLUMN "checks";
