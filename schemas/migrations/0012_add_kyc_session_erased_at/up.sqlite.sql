-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "kyc_session" ADD COLUMN "erased_at" INTEGER CONSTRAINT "ck_kyc_session__erased_at" CHECK ("erased_at" BETWEEN 0 AND 4294967295);
