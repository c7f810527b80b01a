-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'refund.next_attempt_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT 1 FROM "refund" WHERE "next_attempt_at" IS NOT NULL);

DROP TABLE migration_guard;

CREATE TABLE "refund__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_refund" PRIMARY KEY,
    "top_up_sid" TEXT NOT NULL CONSTRAINT "fk_refund__top_up_sid" REFERENCES "top_up" ("sid") ON DELETE RESTRICT,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_refund__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "provider" TEXT NOT NULL,
    "refund_ref" TEXT CONSTRAINT "ck_refund__refund_ref" CHECK (length("refund_ref") BETWEEN 1 AND 255),
    "amount" INTEGER NOT NULL CONSTRAINT "ck_refund__amount" CHECK ("amount" >= 0),
    "status" TEXT NOT NULL CONSTRAINT "ck_refund__status" CHECK ("status" IN ('canceled', 'failed', 'pending', 'succeeded')),
    "started_by" TEXT NOT NULL CONSTRAINT "ck_refund__started_by" CHECK ("started_by" IN ('operator', 'provider')),
    "reason" TEXT NOT NULL CONSTRAINT "ck_refund__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_refund__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "settled_at" INTEGER CONSTRAINT "ck_refund__settled_at" CHECK ("settled_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "refund__new" ("sid", "top_up_sid", "user_sid", "provider", "refund_ref", "amount", "status", "started_by", "reason", "created_at", "settled_at", "rev")
SELECT "sid", "top_up_sid", "user_sid", "provider", "refund_ref", "amount", "status", "started_by", "reason", "created_at", "settled_at", "rev"
FROM "refund";

DROP TABLE "refund";

ALTER TABLE "refund__new" RENAME TO "refund";

CREATE INDEX "ix_refund__top_up_sid" ON "refund" ("top_up_sid");

CREATE INDEX "ix_refund__user_sid" ON "refund" ("user_sid");

CREATE INDEX "ix_refund__status" ON "refund" ("status");

CREATE INDEX "ix_refund__settled_at" ON "refund" ("settled_at");

CREATE UNIQUE INDEX "uq_refund__provider_and_refund_ref" ON "refund" ("provider", "refund_ref");
