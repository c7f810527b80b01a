-- Runs in one transaction.

ALTER TABLE "user" ADD COLUMN "age" INTEGER CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255);

CREATE INDEX "ix_user__age" ON "user" ("age");
