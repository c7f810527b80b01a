-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "plan_purchase__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_plan_purchase" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_plan_purchase__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "plan_id" TEXT NOT NULL,
    "cost" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__cost" CHECK ("cost" >= 0),
    "vm_count" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__vm_count" CHECK ("vm_count" BETWEEN 1 AND 4294967295),
    "days" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__days" CHECK ("days" BETWEEN 1 AND 4294967295),
    "sku" TEXT NOT NULL,
    "period_start" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__period_start" CHECK ("period_start" BETWEEN 0 AND 4294967295),
    "period_end" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__period_end" CHECK ("period_end" BETWEEN 0 AND 4294967295),
    "renewed_from" TEXT CONSTRAINT "fk_plan_purchase__renewed_from" REFERENCES "plan_purchase" ("sid") ON DELETE RESTRICT,
    "paid_at" INTEGER NOT NULL CONSTRAINT "ck_plan_purchase__paid_at" CHECK ("paid_at" BETWEEN 0 AND 4294967295)
) STRICT;

-- When plans of before were paid is kept in the ledger alone.
INSERT INTO "plan_purchase__new" ("sid", "user_sid", "plan_id", "cost", "vm_count", "days", "sku", "period_start", "period_end", "renewed_from", "paid_at")
SELECT "sid", "user_sid", "plan_id", "cost", "vm_count", "days", "sku", "period_start", "period_end", "renewed_from", COALESCE(
    (SELECT "effective_at" FROM "ledger_transaction" WHERE "posting_key" = 'plan:' || "plan_purchase"."sid"), "period_start"
)
FROM "plan_purchase";

DROP TABLE "plan_purchase";

ALTER TABLE "plan_purchase__new" RENAME TO "plan_purchase";

CREATE INDEX "ix_plan_purchase__user_sid" ON "plan_purchase" ("user_sid");

CREATE INDEX "ix_plan_purchase__plan_id" ON "plan_purchase" ("plan_id");

CREATE INDEX "ix_plan_purchase__period_end" ON "plan_purchase" ("period_end");

CREATE UNIQUE INDEX "uq_plan_purchase__renewed_from" ON "plan_purchase" ("renewed_from");

CREATE TRIGGER "ao_plan_purchase__update" BEFORE UPDATE ON "plan_purchase"
BEGIN
    SELECT RAISE(ABORT, 'plan_purchase is append-only');
END;

CREATE TRIGGER "ao_plan_purchase__delete" BEFORE DELETE ON "plan_purchase"
BEGIN
    SELECT RAISE(ABORT, 'plan_purchase is append-only');
END;
