-- Runs in one transaction.

ALTER TABLE "user" RENAME TO "person";

ALTER TABLE "person" RENAME CONSTRAINT "pk_user" TO "pk_person";

ALTER INDEX "uq_user__name" RENAME TO "uq_person__name";

ALTER TABLE "person" RENAME CONSTRAINT "ck_user__age" TO "ck_person__age";

ALTER TABLE "person" RENAME CONSTRAINT "fk_user__boss" TO "fk_person__boss";
