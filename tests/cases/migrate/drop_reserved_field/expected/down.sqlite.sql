-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "user" ADD COLUMN "age" INTEGER CONSTRAINT "ck_user__age" CHECK ("age" BETWEEN 0 AND 255);

CREATE INDEX "ix_user__age" ON "user" ("age");
