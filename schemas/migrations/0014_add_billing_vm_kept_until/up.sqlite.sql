-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "billing" ADD COLUMN "vm_kept_until" INTEGER CONSTRAINT "ck_billing__vm_kept_until" CHECK ("vm_kept_until" BETWEEN 0 AND 4294967295);
