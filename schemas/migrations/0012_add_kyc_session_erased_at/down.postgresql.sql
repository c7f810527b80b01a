-- Runs in one transaction.

LOCK TABLE "kyc_session" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "kyc_session" WHERE "erased_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_session.erased_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "kyc_session" DROP COLUMN "erased_at";
