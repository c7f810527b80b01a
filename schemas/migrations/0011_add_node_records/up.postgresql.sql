-- Runs in one transaction.

LOCK TABLE "usage_record" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "usage_record" WHERE ("node_id", "idempotency_key") IN (SELECT "node_id", "idempotency_key" FROM "usage_record" WHERE "node_id" IS NOT NULL AND "idempotency_key" IS NOT NULL GROUP BY "node_id", "idempotency_key" HAVING count(*) > 1) ORDER BY "node_id", "idempotency_key", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_record: (node_id, idempotency_key) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "usage_record" WHERE ("node_id", "void") IN (SELECT "node_id", "void" FROM "usage_record" WHERE "node_id" IS NOT NULL AND "void" IS NOT NULL GROUP BY "node_id", "void" HAVING count(*) > 1) ORDER BY "node_id", "void", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_record: (node_id, void) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

ALTER TABLE "node" ADD COLUMN "records" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_node__records" CHECK ("records" BETWEEN 0 AND 18446744073709551615) DEFAULT 0;

ALTER TABLE "node" ALTER COLUMN "records" DROP DEFAULT;

ALTER TABLE "node" ADD COLUMN "duplicates" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_node__duplicates" CHECK ("duplicates" BETWEEN 0 AND 18446744073709551615) DEFAULT 0;

ALTER TABLE "node" ALTER COLUMN "duplicates" DROP DEFAULT;

ALTER TABLE "node" ADD COLUMN "quarantined" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_node__quarantined" CHECK ("quarantined" BETWEEN 0 AND 18446744073709551615) DEFAULT 0;

ALTER TABLE "node" ALTER COLUMN "quarantined" DROP DEFAULT;

DROP INDEX "uq_usage_record__idempotency_key";

ALTER TABLE "usage_record" ADD COLUMN "category" TEXT COLLATE "C" NOT NULL CONSTRAINT "ck_usage_record__category" CHECK ("category" IN ('hero_os_hourly', 'llm', 'vm')) DEFAULT 'hero_os_hourly';

ALTER TABLE "usage_record" ALTER COLUMN "category" DROP DEFAULT;

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_idempotency_key" ON "usage_record" ("node_id", "idempotency_key");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_void" ON "usage_record" ("node_id", "void");

DROP INDEX "ix_quarantined_line__node_id";

CREATE INDEX "ix_quarantined_line__node_id_and_line_hash" ON "quarantined_line" ("node_id", "line_hash");

ALTER TABLE "stream_cursor" ADD COLUMN "skipped" BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE "stream_cursor" ALTER COLUMN "skipped" DROP DEFAULT;
