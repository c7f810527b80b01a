-- Runs in one transaction.

DROP INDEX "ix_user__age";

ALTER TABLE "user" DROP COLUMN "age";
