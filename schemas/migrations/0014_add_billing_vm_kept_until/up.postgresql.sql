-- Runs in one transaction.

ALTER TABLE "billing" ADD COLUMN "vm_kept_until" BIGINT CONSTRAINT "ck_billing__vm_kept_until" CHECK ("vm_kept_until" BETWEEN 0 AND 4294967295);
