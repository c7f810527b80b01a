-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'kyc_session.erased_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "kyc_session" WHERE "erased_at" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "kyc_session__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_kyc_session" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_kyc_session__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "client_id" TEXT NOT NULL CONSTRAINT "ck_kyc_session__client_id" CHECK (length("client_id") BETWEEN 1 AND 100),
    "scan_ref" TEXT CONSTRAINT "ck_kyc_session__scan_ref" CHECK (length("scan_ref") BETWEEN 1 AND 64),
    "status" TEXT NOT NULL CONSTRAINT "ck_kyc_session__status" CHECK ("status" IN ('completed', 'expired', 'failed', 'in_progress', 'pending', 'review')),
    "redirect_url" TEXT CONSTRAINT "ck_kyc_session__redirect_url" CHECK (length("redirect_url") BETWEEN 1 AND 2048),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_kyc_session__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER CONSTRAINT "ck_kyc_session__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "completed_at" INTEGER CONSTRAINT "ck_kyc_session__completed_at" CHECK ("completed_at" BETWEEN 0 AND 4294967295),
    "decided_at" INTEGER CONSTRAINT "ck_kyc_session__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295),
    "next_check_at" INTEGER CONSTRAINT "ck_kyc_session__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295),
    "checks" INTEGER NOT NULL CONSTRAINT "ck_kyc_session__checks" CHECK ("checks" BETWEEN 0 AND 4294967295),
    "reason" TEXT CONSTRAINT "ck_kyc_session__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "superseded_at" INTEGER CONSTRAINT "ck_kyc_session__superseded_at" CHECK ("superseded_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "kyc_session__new" ("sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "decided_at", "next_check_at", "checks", "reason", "superseded_at", "rev")
SELECT "sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "decided_at", "next_check_at", "checks", "reason", "superseded_at", "rev"
FROM "kyc_session";

DROP TABLE "kyc_session";

ALTER TABLE "kyc_session__new" RENAME TO "kyc_session";

CREATE INDEX "ix_kyc_session__user_sid" ON "kyc_session" ("user_sid");

CREATE UNIQUE INDEX "uq_kyc_session__client_id" ON "kyc_session" ("client_id");

CREATE INDEX "ix_kyc_session__status" ON "kyc_session" ("status");

CREATE INDEX "ix_kyc_session__created_at" ON "kyc_session" ("created_at");

CREATE INDEX "ix_kyc_session__expires_at" ON "kyc_session" ("expires_at");

CREATE INDEX "ix_kyc_session__next_check_at" ON "kyc_session" ("next_check_at");

CREATE UNIQUE INDEX "uq_kyc_session__provider_and_scan_ref" ON "kyc_session" ("provider", "scan_ref");
