-- Runs in one transaction.

CREATE TABLE "chain_head" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_chain_head" PRIMARY KEY,
    "chain" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_chain_head__chain" CHECK (length("chain") BETWEEN 1 AND 64),
    "position" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_chain_head__position" CHECK ("position" BETWEEN 0 AND 18446744073709551615),
    "hash" TEXT COLLATE "C" NOT NULL,
    "rev" BIGINT NOT NULL
);

CREATE UNIQUE INDEX "uq_chain_head__chain" ON "chain_head" ("chain");

CREATE TABLE "audit_run" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_audit_run" PRIMARY KEY,
    "started_by" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_audit_run__started_by" CHECK ("started_by" IN ('job', 'operator')),
    "started_at" BIGINT NOT NULL CONSTRAINT "ck_audit_run__started_at" CHECK ("started_at" BETWEEN 0 AND 4294967295),
    "finished_at" BIGINT CONSTRAINT "ck_audit_run__finished_at" CHECK ("finished_at" BETWEEN 0 AND 4294967295),
    "check" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_audit_run__check" CHECK (length("check") <= 80),
    "place" JSON NOT NULL,
    "entries" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_audit_run__entries" CHECK ("entries" BETWEEN 0 AND 18446744073709551615),
    "findings" JSON NOT NULL,
    "rev" BIGINT NOT NULL
);

CREATE INDEX "ix_audit_run__started_by" ON "audit_run" ("started_by");

ALTER TABLE "operator_act" ADD COLUMN "before" JSON;

ALTER TABLE "operator_act" ADD COLUMN "after" JSON;

-- Acts that are there already: their last one is the head of their chain.
INSERT INTO "chain_head" ("sid", "chain", "position", "hash", "rev")
SELECT "sid", 'operator_act', "position", "hash", 1 FROM "operator_act" ORDER BY "position" DESC LIMIT 1;
