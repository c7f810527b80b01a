-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "login_challenge__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_login_challenge" PRIMARY KEY,
    "challenge_id" TEXT NOT NULL CONSTRAINT "ck_login_challenge__challenge_id" CHECK (length("challenge_id") BETWEEN 1 AND 64),
    "public_key" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL CONSTRAINT "ck_login_challenge__method" CHECK ("method" IN ('message', 'overlay', 'sealed')),
    "initiated_by" TEXT NOT NULL CONSTRAINT "ck_login_challenge__initiated_by" CHECK ("initiated_by" IN ('browser', 'program')),
    "peer" TEXT NOT NULL CONSTRAINT "ck_login_challenge__peer" CHECK (length("peer") <= 64),
    "origin" TEXT NOT NULL CONSTRAINT "ck_login_challenge__origin" CHECK (length("origin") BETWEEN 1 AND 2048),
    "proof_hash" TEXT NOT NULL,
    "pre_hash" TEXT,
    "tries" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__tries" CHECK ("tries" BETWEEN 0 AND 4294967295),
    "issued_at" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__issued_at" CHECK ("issued_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_login_challenge__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "used_at" INTEGER CONSTRAINT "ck_login_challenge__used_at" CHECK ("used_at" BETWEEN 0 AND 4294967295),
    "link_hash" TEXT,
    "link_expires_at" INTEGER CONSTRAINT "ck_login_challenge__link_expires_at" CHECK ("link_expires_at" BETWEEN 0 AND 4294967295),
    "link_used_at" INTEGER CONSTRAINT "ck_login_challenge__link_used_at" CHECK ("link_used_at" BETWEEN 0 AND 4294967295),
    "result" TEXT CONSTRAINT "ck_login_challenge__result" CHECK ("result" IN ('failed', 'logged_out', 'refused', 'succeeded')),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "login_challenge__new" ("sid", "challenge_id", "public_key", "address", "method", "initiated_by", "peer", "origin", "proof_hash", "pre_hash", "tries", "issued_at", "expires_at", "used_at", "link_hash", "link_expires_at", "link_used_at", "result", "rev")
SELECT "sid", "challenge_id", "public_key", "address", "method", "initiated_by", '', "origin", "proof_hash", "pre_hash", "tries", "issued_at", "expires_at", "used_at", "link_hash", "link_expires_at", "link_used_at", "result", "rev"
FROM "login_challenge";

DROP TABLE "login_challenge";

ALTER TABLE "login_challenge__new" RENAME TO "login_challenge";

CREATE UNIQUE INDEX "uq_login_challenge__challenge_id" ON "login_challenge" ("challenge_id");

CREATE INDEX "ix_login_challenge__expires_at" ON "login_challenge" ("expires_at");

CREATE UNIQUE INDEX "uq_login_challenge__link_hash" ON "login_challenge" ("link_hash");

CREATE INDEX "ix_login_challenge__public_key_and_peer" ON "login_challenge" ("public_key", "peer");
