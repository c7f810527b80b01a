-- Runs in one transaction.

ALTER TABLE "kyc_session" ADD COLUMN "decided_at" BIGINT CONSTRAINT "ck_kyc_session__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295);

ALTER TABLE "kyc_session" ADD COLUMN "next_check_at" BIGINT CONSTRAINT "ck_kyc_session__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295);

ALTER TABLE "kyc_session" ADD COLUMN "checks" BIGINT NOT NULL CONSTRAINT "ck_kyc_session__checks" CHECK ("checks" BETWEEN 0 AND 4294967295) DEFAULT 0;

ALTER TABLE "kyc_session" ALTER COLUMN "checks" DROP DEFAULT;

CREATE INDEX "ix_kyc_session__next_check_at" ON "kyc_session" ("next_check_at");
