-- Runs in one transaction.

ALTER TABLE "person" RENAME TO "user";

ALTER TABLE "user" RENAME CONSTRAINT "pk_person" TO "pk_user";

ALTER INDEX "uq_person__name" RENAME TO "uq_user__name";

ALTER TABLE "user" RENAME CONSTRAINT "ck_person__age" TO "ck_user__age";

ALTER TABLE "user" RENAME CONSTRAINT "fk_person__boss" TO "fk_user__boss";
