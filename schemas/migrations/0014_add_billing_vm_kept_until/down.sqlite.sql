-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'billing.vm_kept_until holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "billing" WHERE "vm_kept_until" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "billing__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_billing" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_billing__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "credit_balance" INTEGER NOT NULL,
    "lifetime_paid" INTEGER NOT NULL,
    "discount_tier" TEXT NOT NULL CONSTRAINT "ck_billing__discount_tier" CHECK ("discount_tier" IN ('month', 'none', 'week')),
    "current_plan_id" TEXT,
    "vm_quota_total" INTEGER CONSTRAINT "ck_billing__vm_quota_total" CHECK ("vm_quota_total" BETWEEN 0 AND 4294967295),
    "vm_quota_used" INTEGER CONSTRAINT "ck_billing__vm_quota_used" CHECK ("vm_quota_used" BETWEEN 0 AND 4294967295),
    "vm_quota_period_end" INTEGER CONSTRAINT "ck_billing__vm_quota_period_end" CHECK ("vm_quota_period_end" BETWEEN 0 AND 4294967295),
    "renew" INTEGER NOT NULL CONSTRAINT "ck_billing__renew" CHECK ("renew" IN (0, 1)),
    "first_paid_at" INTEGER CONSTRAINT "ck_billing__first_paid_at" CHECK ("first_paid_at" BETWEEN 0 AND 4294967295),
    "last_active_at" INTEGER CONSTRAINT "ck_billing__last_active_at" CHECK ("last_active_at" BETWEEN 0 AND 4294967295),
    "debt_since" INTEGER CONSTRAINT "ck_billing__debt_since" CHECK ("debt_since" BETWEEN 0 AND 4294967295),
    "frozen" INTEGER NOT NULL CONSTRAINT "ck_billing__frozen" CHECK ("frozen" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "billing__new" ("sid", "user_sid", "credit_balance", "lifetime_paid", "discount_tier", "current_plan_id", "vm_quota_total", "vm_quota_used", "vm_quota_period_end", "renew", "first_paid_at", "last_active_at", "debt_since", "frozen", "rev")
SELECT "sid", "user_sid", "credit_balance", "lifetime_paid", "discount_tier", "current_plan_id", "vm_quota_total", "vm_quota_used", "vm_quota_period_end", "renew", "first_paid_at", "last_active_at", "debt_since", "frozen", "rev"
FROM "billing";

DROP TABLE "billing";

ALTER TABLE "billing__new" RENAME TO "billing";

CREATE UNIQUE INDEX "uq_billing__user_sid" ON "billing" ("user_sid");

CREATE INDEX "ix_billing__current_plan_id" ON "billing" ("current_plan_id");

CREATE INDEX "ix_billing__vm_quota_period_end" ON "billing" ("vm_quota_period_end");

CREATE INDEX "ix_billing__debt_since" ON "billing" ("debt_since");

CREATE INDEX "ix_billing__frozen" ON "billing" ("frozen");
