-- Runs in one transaction.

DROP INDEX "ix_login_challenge__public_key";

ALTER TABLE "login_challenge" ADD COLUMN "peer" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_login_challenge__peer" CHECK (length("peer") <= 64) DEFAULT '';

ALTER TABLE "login_challenge" ALTER COLUMN "peer" DROP DEFAULT;

CREATE INDEX "ix_login_challenge__public_key_and_peer" ON "login_challenge" ("public_key", "peer");
