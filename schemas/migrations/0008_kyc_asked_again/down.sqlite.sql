-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'kyc_session.decided_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "kyc_session" WHERE "decided_at" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'kyc_session.next_check_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "kyc_session" WHERE "next_check_at" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'kyc_session.checks holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT "sid" FROM "kyc_session" WHERE "checks" IS NOT NULL AND "checks" <> 0);

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'operator_alert: kind may no longer be ''kyc_unknown'', ''kyc_review'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('kyc_unknown', 'kyc_review'));

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
    "reason" TEXT CONSTRAINT "ck_kyc_session__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "superseded_at" INTEGER CONSTRAINT "ck_kyc_session__superseded_at" CHECK ("superseded_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "kyc_session__new" ("sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "reason", "superseded_at", "rev")
SELECT "sid", "user_sid", "provider", "client_id", "scan_ref", "status", "redirect_url", "created_at", "expires_at", "completed_at", "reason", "superseded_at", "rev"
FROM "kyc_session";

DROP TABLE "kyc_session";

ALTER TABLE "kyc_session__new" RENAME TO "kyc_session";

CREATE INDEX "ix_kyc_session__user_sid" ON "kyc_session" ("user_sid");

CREATE UNIQUE INDEX "uq_kyc_session__client_id" ON "kyc_session" ("client_id");

CREATE INDEX "ix_kyc_session__status" ON "kyc_session" ("status");

CREATE INDEX "ix_kyc_session__created_at" ON "kyc_session" ("created_at");

CREATE INDEX "ix_kyc_session__expires_at" ON "kyc_session" ("expires_at");

CREATE UNIQUE INDEX "uq_kyc_session__provider_and_scan_ref" ON "kyc_session" ("provider", "scan_ref");
