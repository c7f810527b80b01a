-- Runs in one transaction.

LOCK TABLE "node", "stream_cursor", "usage_record" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "records" IS NOT NULL AND "records" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.records holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "duplicates" IS NOT NULL AND "duplicates" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.duplicates holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "node" WHERE "quarantined" IS NOT NULL AND "quarantined" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'node.quarantined holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "usage_record" WHERE "category" IS NOT NULL AND "category" <> 'hero_os_hourly') THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_record.category holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "usage_record" WHERE ("idempotency_key") IN (SELECT "idempotency_key" FROM "usage_record" WHERE "idempotency_key" IS NOT NULL GROUP BY "idempotency_key" HAVING count(*) > 1) ORDER BY "idempotency_key", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_record: (idempotency_key) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "stream_cursor" WHERE "skipped" IS NOT NULL AND "skipped" <> FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'stream_cursor.skipped holds values, which going back would lose; clear them first';
    END IF;
END
$$;

ALTER TABLE "node" DROP COLUMN "records";

ALTER TABLE "node" DROP COLUMN "duplicates";

ALTER TABLE "node" DROP COLUMN "quarantined";

DROP INDEX "uq_usage_record__node_id_and_idempotency_key";

DROP INDEX "uq_usage_record__node_id_and_void";

ALTER TABLE "usage_record" DROP COLUMN "category";

CREATE UNIQUE INDEX "uq_usage_record__idempotency_key" ON "usage_record" ("idempotency_key");

DROP INDEX "ix_quarantined_line__node_id_and_line_hash";

CREATE INDEX "ix_quarantined_line__node_id" ON "quarantined_line" ("node_id");

ALTER TABLE "stream_cursor" DROP COLUMN "skipped";
