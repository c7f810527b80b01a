-- Runs in one transaction.

ALTER TABLE "top_up" ADD COLUMN "over_cap" BIGINT NOT NULL CONSTRAINT "ck_top_up__over_cap" CHECK ("over_cap" >= 0) DEFAULT 0;

ALTER TABLE "top_up" ALTER COLUMN "over_cap" DROP DEFAULT;

CREATE INDEX "ix_top_up__over_cap" ON "top_up" ("over_cap");

-- Edited by hand: the rows of form_token go with it. Each was about a form that was sent already, and the runtime keeps
-- the same key in idempotent_calls.
DROP TABLE "form_token";
