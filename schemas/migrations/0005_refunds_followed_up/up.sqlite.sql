-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "refund" ADD COLUMN "next_attempt_at" INTEGER CONSTRAINT "ck_refund__next_attempt_at" CHECK ("next_attempt_at" BETWEEN 0 AND 4294967295);

CREATE INDEX "ix_refund__next_attempt_at" ON "refund" ("next_attempt_at");

-- Refunds of which nobody knows what became of them are looked for at once.
UPDATE "refund" SET "next_attempt_at" = "created_at" WHERE "status" = 'pending';
