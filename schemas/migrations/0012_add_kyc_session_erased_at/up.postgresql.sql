-- Runs in one transaction.

ALTER TABLE "kyc_session" ADD COLUMN "erased_at" BIGINT CONSTRAINT "ck_kyc_session__erased_at" CHECK ("erased_at" BETWEEN 0 AND 4294967295);
