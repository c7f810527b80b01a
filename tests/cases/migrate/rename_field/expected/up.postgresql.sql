-- Runs in one transaction.

ALTER TABLE "user" RENAME COLUMN "name" TO "title";

ALTER INDEX "uq_user__name" RENAME TO "uq_user__title";

ALTER INDEX "ix_user__name_and_age" RENAME TO "ix_user__title_and_age";

ALTER TABLE "user" RENAME CONSTRAINT "ck_user__name" TO "ck_user__title";
