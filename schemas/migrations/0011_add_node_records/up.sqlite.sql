-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'usage_record: (node_id, idempotency_key) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "usage_record" WHERE ("node_id", "idempotency_key") IN (SELECT "node_id", "idempotency_key" FROM "usage_record" WHERE "node_id" IS NOT NULL AND "idempotency_key" IS NOT NULL GROUP BY "node_id", "idempotency_key" HAVING count(*) > 1) ORDER BY "node_id", "idempotency_key", "sid");

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'usage_record: (node_id, void) is now unique, and some rows hold the same; mend them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "usage_record" WHERE ("node_id", "void") IN (SELECT "node_id", "void" FROM "usage_record" WHERE "node_id" IS NOT NULL AND "void" IS NOT NULL GROUP BY "node_id", "void" HAVING count(*) > 1) ORDER BY "node_id", "void", "sid");

DROP TABLE migration_guard;

CREATE TABLE "node__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_node" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "repo_url" TEXT NOT NULL CONSTRAINT "ck_node__repo_url" CHECK (length("repo_url") BETWEEN 1 AND 2048),
    "branch" TEXT NOT NULL CONSTRAINT "ck_node__branch" CHECK (length("branch") BETWEEN 1 AND 128),
    "layout" TEXT NOT NULL CONSTRAINT "ck_node__layout" CHECK ("layout" IN ('repository', 'shared')),
    "keys" TEXT NOT NULL,
    "kinds" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_node__state" CHECK ("state" IN ('active', 'halted', 'retired')),
    "root_commit" TEXT,
    "last_commit" TEXT,
    "halted_commit" TEXT,
    "halted_reason" TEXT CONSTRAINT "ck_node__halted_reason" CHECK ("halted_reason" IN ('bad_signature', 'content_conflict', 'edited_bytes', 'forbidden_change', 'not_canonical', 'parse_error', 'rewritten_history', 'sequence_gap', 'unreachable', 'wrong_node')),
    "halted_detail" TEXT CONSTRAINT "ck_node__halted_detail" CHECK (length("halted_detail") <= 500),
    "halted_at" INTEGER CONSTRAINT "ck_node__halted_at" CHECK ("halted_at" BETWEEN 0 AND 4294967295),
    "last_seen_at" INTEGER CONSTRAINT "ck_node__last_seen_at" CHECK ("last_seen_at" BETWEEN 0 AND 4294967295),
    "records" TEXT NOT NULL CONSTRAINT "ck_node__records" CHECK (length("records") = 20 AND "records" NOT GLOB '*[^0-9]*' AND "records" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "duplicates" TEXT NOT NULL CONSTRAINT "ck_node__duplicates" CHECK (length("duplicates") = 20 AND "duplicates" NOT GLOB '*[^0-9]*' AND "duplicates" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "quarantined" TEXT NOT NULL CONSTRAINT "ck_node__quarantined" CHECK (length("quarantined") = 20 AND "quarantined" NOT GLOB '*[^0-9]*' AND "quarantined" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "registered_at" INTEGER NOT NULL CONSTRAINT "ck_node__registered_at" CHECK ("registered_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "node__new" ("sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev")
SELECT "sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", '00000000000000000000', '00000000000000000000', '00000000000000000000', "registered_at", "rev"
FROM "node";

DROP TABLE "node";

ALTER TABLE "node__new" RENAME TO "node";

CREATE UNIQUE INDEX "uq_node__node_id" ON "node" ("node_id");

CREATE INDEX "ix_node__state" ON "node" ("state");

CREATE INDEX "ix_node__halted_at" ON "node" ("halted_at");

CREATE INDEX "ix_node__last_seen_at" ON "node" ("last_seen_at");

CREATE TABLE "usage_record__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_usage_record" PRIMARY KEY,
    "schema" INTEGER NOT NULL CONSTRAINT "ck_usage_record__schema" CHECK ("schema" BETWEEN 1 AND 4294967295),
    "node_id" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL CONSTRAINT "ck_usage_record__stream_id" CHECK (length("stream_id") BETWEEN 1 AND 64),
    "local_seq" TEXT NOT NULL CONSTRAINT "ck_usage_record__local_seq" CHECK (length("local_seq") = 20 AND "local_seq" NOT GLOB '*[^0-9]*' AND "local_seq" BETWEEN '00000000000000000001' AND '18446744073709551615'),
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_usage_record__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "resource_kind" TEXT NOT NULL,
    "quantity" TEXT NOT NULL CONSTRAINT "ck_usage_record__quantity" CHECK ("quantity" >= '='),
    "applies_to" TEXT CONSTRAINT "ck_usage_record__applies_to" CHECK ("applies_to" IN ('hero_os_hourly', 'llm', 'vm')),
    "idempotency_key" TEXT NOT NULL CONSTRAINT "ck_usage_record__idempotency_key" CHECK (length("idempotency_key") BETWEEN 1 AND 128),
    "occurred_at" INTEGER NOT NULL CONSTRAINT "ck_usage_record__occurred_at" CHECK ("occurred_at" BETWEEN 0 AND 4294967295),
    "interval_seconds" INTEGER CONSTRAINT "ck_usage_record__interval_seconds" CHECK ("interval_seconds" BETWEEN 0 AND 4294967295),
    "instance_id" TEXT CONSTRAINT "ck_usage_record__instance_id" CHECK (length("instance_id") BETWEEN 1 AND 64),
    "model" TEXT CONSTRAINT "ck_usage_record__model" CHECK (length("model") BETWEEN 1 AND 128),
    "cost" TEXT CONSTRAINT "ck_usage_record__cost" CHECK ("cost" >= '='),
    "amount_cents" INTEGER CONSTRAINT "ck_usage_record__amount_cents" CHECK ("amount_cents" >= 0),
    "void" TEXT CONSTRAINT "ck_usage_record__void" CHECK (length("void") BETWEEN 1 AND 128),
    "commit" TEXT NOT NULL,
    "path" TEXT NOT NULL CONSTRAINT "ck_usage_record__path" CHECK (length("path") BETWEEN 1 AND 512),
    "line" INTEGER NOT NULL CONSTRAINT "ck_usage_record__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "line_hash" TEXT NOT NULL,
    "category" TEXT NOT NULL CONSTRAINT "ck_usage_record__category" CHECK ("category" IN ('hero_os_hourly', 'llm', 'vm')),
    "price_sid" TEXT CONSTRAINT "fk_usage_record__price_sid" REFERENCES "price" ("sid") ON DELETE RESTRICT,
    "margin_bp" INTEGER NOT NULL CONSTRAINT "ck_usage_record__margin_bp" CHECK ("margin_bp" BETWEEN 0 AND 1000000),
    "tier" TEXT NOT NULL CONSTRAINT "ck_usage_record__tier" CHECK ("tier" IN ('month', 'none', 'week')),
    "discount_base" TEXT NOT NULL CONSTRAINT "ck_usage_record__discount_base" CHECK ("discount_base" IN ('floor_at_cost', 'full', 'margin_only')),
    "list_charge" INTEGER NOT NULL,
    "charge" INTEGER NOT NULL,
    "rounding_rest" TEXT NOT NULL,
    "consumed_at" INTEGER NOT NULL CONSTRAINT "ck_usage_record__consumed_at" CHECK ("consumed_at" BETWEEN 0 AND 4294967295)
) STRICT;

INSERT INTO "usage_record__new" ("sid", "schema", "node_id", "stream_id", "local_seq", "user_sid", "resource_kind", "quantity", "applies_to", "idempotency_key", "occurred_at", "interval_seconds", "instance_id", "model", "cost", "amount_cents", "void", "commit", "path", "line", "line_hash", "category", "price_sid", "margin_bp", "tier", "discount_base", "list_charge", "charge", "rounding_rest", "consumed_at")
SELECT "sid", "schema", "node_id", "stream_id", "local_seq", "user_sid", "resource_kind", "quantity", "applies_to", "idempotency_key", "occurred_at", "interval_seconds", "instance_id", "model", "cost", "amount_cents", "void", "commit", "path", "line", "line_hash", 'hero_os_hourly', "price_sid", "margin_bp", "tier", "discount_base", "list_charge", "charge", "rounding_rest", "consumed_at"
FROM "usage_record";

DROP TABLE "usage_record";

ALTER TABLE "usage_record__new" RENAME TO "usage_record";

CREATE INDEX "ix_usage_record__price_sid" ON "usage_record" ("price_sid");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_stream_id_and_local_seq" ON "usage_record" ("node_id", "stream_id", "local_seq");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_idempotency_key" ON "usage_record" ("node_id", "idempotency_key");

CREATE UNIQUE INDEX "uq_usage_record__node_id_and_void" ON "usage_record" ("node_id", "void");

CREATE INDEX "ix_usage_record__user_sid_and_occurred_at" ON "usage_record" ("user_sid", "occurred_at");

CREATE INDEX "ix_usage_record__instance_id_and_occurred_at" ON "usage_record" ("instance_id", "occurred_at");

CREATE INDEX "ix_usage_record__node_id_and_commit" ON "usage_record" ("node_id", "commit");

CREATE TRIGGER "ao_usage_record__update" BEFORE UPDATE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

CREATE TRIGGER "ao_usage_record__delete" BEFORE DELETE ON "usage_record"
BEGIN
    SELECT RAISE(ABORT, 'usage_record is append-only');
END;

DROP INDEX "ix_quarantined_line__node_id";

CREATE INDEX "ix_quarantined_line__node_id_and_line_hash" ON "quarantined_line" ("node_id", "line_hash");

CREATE TABLE "stream_cursor__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_stream_cursor" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__stream_id" CHECK (length("stream_id") BETWEEN 1 AND 64),
    "last_seq" TEXT NOT NULL CONSTRAINT "ck_stream_cursor__last_seq" CHECK (length("last_seq") = 20 AND "last_seq" NOT GLOB '*[^0-9]*' AND "last_seq" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "last_occurred_at" INTEGER NOT NULL CONSTRAINT "ck_stream_cursor__last_occurred_at" CHECK ("last_occurred_at" BETWEEN 0 AND 4294967295),
    "skipped" INTEGER NOT NULL CONSTRAINT "ck_stream_cursor__skipped" CHECK ("skipped" IN (0, 1)),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "stream_cursor__new" ("sid", "node_id", "stream_id", "last_seq", "last_occurred_at", "skipped", "rev")
SELECT "sid", "node_id", "stream_id", "last_seq", "last_occurred_at", 0, "rev"
FROM "stream_cursor";

DROP TABLE "stream_cursor";

ALTER TABLE "stream_cursor__new" RENAME TO "stream_cursor";

CREATE UNIQUE INDEX "uq_stream_cursor__node_id_and_stream_id" ON "stream_cursor" ("node_id", "stream_id");
