-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

-- Heads follow from the acts, and an audit can be made again: neither is lost.
DELETE FROM "chain_head";

DELETE FROM "audit_run";

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'operator_act.before holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT 1 FROM "operator_act" WHERE "before" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'operator_act.after holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT 1 FROM "operator_act" WHERE "after" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'chain_head: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT 1 FROM "chain_head");

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'audit_run: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT 1 FROM "audit_run");

DROP TABLE migration_guard;

CREATE TABLE "operator_act__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_operator_act" PRIMARY KEY,
    "position" TEXT NOT NULL CONSTRAINT "ck_operator_act__position" CHECK (length("position") = 20 AND "position" NOT GLOB '*[^0-9]*' AND "position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "operator" TEXT NOT NULL CONSTRAINT "ck_operator_act__operator" CHECK (length("operator") BETWEEN 1 AND 80),
    "act" TEXT NOT NULL CONSTRAINT "ck_operator_act__act" CHECK (length("act") BETWEEN 1 AND 80),
    "subject" TEXT NOT NULL CONSTRAINT "ck_operator_act__subject" CHECK (length("subject") <= 255),
    "arguments" TEXT NOT NULL,
    "reason" TEXT NOT NULL CONSTRAINT "ck_operator_act__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "request_id" TEXT NOT NULL CONSTRAINT "ck_operator_act__request_id" CHECK (length("request_id") <= 64),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_operator_act__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL
) STRICT;

INSERT INTO "operator_act__new" ("sid", "position", "operator", "act", "subject", "arguments", "reason", "request_id", "occurred_at", "previous_hash", "hash")
SELECT "sid", "position", "operator", "act", "subject", "arguments", "reason", "request_id", "occurred_at", "previous_hash", "hash"
FROM "operator_act";

DROP TABLE "operator_act";

ALTER TABLE "operator_act__new" RENAME TO "operator_act";

CREATE UNIQUE INDEX "uq_operator_act__position" ON "operator_act" ("position");

CREATE INDEX "ix_operator_act__operator" ON "operator_act" ("operator");

CREATE INDEX "ix_operator_act__act" ON "operator_act" ("act");

CREATE INDEX "ix_operator_act__subject" ON "operator_act" ("subject");

CREATE INDEX "ix_operator_act__occurred_at" ON "operator_act" ("occurred_at");

CREATE UNIQUE INDEX "uq_operator_act__hash" ON "operator_act" ("hash");

CREATE TRIGGER "ao_operator_act__update" BEFORE UPDATE ON "operator_act"
BEGIN
    SELECT RAISE(ABORT, 'operator_act is append-only');
END;

CREATE TRIGGER "ao_operator_act__delete" BEFORE DELETE ON "operator_act"
BEGIN
    SELECT RAISE(ABORT, 'operator_act is append-only');
END;

DROP TABLE "chain_head";

DROP TABLE "audit_run";
