-- Runs in one transaction.

ALTER TABLE "user" RENAME COLUMN "title" TO "name";

ALTER INDEX "uq_user__title" RENAME TO "uq_user__name";

ALTER INDEX "ix_user__title_and_age" RENAME TO "ix_user__name_and_age";

ALTER TABLE "user" RENAME CONSTRAINT "ck_user__title" TO "ck_user__name";
