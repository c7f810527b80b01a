-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "chain_head" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_chain_head" PRIMARY KEY,
    "chain" TEXT NOT NULL CONSTRAINT "ck_chain_head__chain" CHECK (length("chain") BETWEEN 1 AND 64),
    "position" TEXT NOT NULL CONSTRAINT "ck_chain_head__position" CHECK (length("position") = 20 AND "position" NOT GLOB '*[^0-9]*' AND "position" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "hash" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX "uq_chain_head__chain" ON "chain_head" ("chain");

CREATE TABLE "audit_run" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_audit_run" PRIMARY KEY,
    "started_by" TEXT NOT NULL CONSTRAINT "ck_audit_run__started_by" CHECK ("started_by" IN ('job', 'operator')),
    "started_at" INTEGER NOT NULL CONSTRAINT "ck_audit_run__started_at" CHECK ("started_at" BETWEEN 0 AND 4294967295),
    "finished_at" INTEGER CONSTRAINT "ck_audit_run__finished_at" CHECK ("finished_at" BETWEEN 0 AND 4294967295),
    "check" TEXT NOT NULL CONSTRAINT "ck_audit_run__check" CHECK (length("check") <= 80),
    "place" TEXT NOT NULL,
    "entries" TEXT NOT NULL CONSTRAINT "ck_audit_run__entries" CHECK (length("entries") = 20 AND "entries" NOT GLOB '*[^0-9]*' AND "entries" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "findings" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

CREATE INDEX "ix_audit_run__started_by" ON "audit_run" ("started_by");

ALTER TABLE "operator_act" ADD COLUMN "before" TEXT;

ALTER TABLE "operator_act" ADD COLUMN "after" TEXT;

-- Acts that are there already: their last one is the head of their chain.
INSERT INTO "chain_head" ("sid", "chain", "position", "hash", "rev")
SELECT "sid", 'operator_act', "position", "hash", 1 FROM "operator_act" ORDER BY "position" DESC LIMIT 1;
