-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'node.sets_prices holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "node" WHERE "sets_prices" IS NOT NULL AND "sets_prices" <> 0);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'quarantined_line: reason may no longer be ''price_not_allowed'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "quarantined_line" WHERE "reason" IN ('price_not_allowed'));

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'usage_skip.path holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT "sid" FROM "usage_skip" WHERE "path" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'operator_alert: kind may no longer be ''node_unregistered'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('node_unregistered'));

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
SELECT "sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev"
FROM "node";

DROP TABLE "node";

ALTER TABLE "node__new" RENAME TO "node";

CREATE UNIQUE INDEX "uq_node__node_id" ON "node" ("node_id");

CREATE INDEX "ix_node__state" ON "node" ("state");

CREATE INDEX "ix_node__halted_at" ON "node" ("halted_at");

CREATE INDEX "ix_node__last_seen_at" ON "node" ("last_seen_at");

CREATE TABLE "quarantined_line__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_quarantined_line" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "path" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__path" CHECK (length("path") BETWEEN 1 AND 512),
    "line" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "line_hash" TEXT NOT NULL,
    "reason" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__reason" CHECK ("reason" IN ('foreign_instance', 'implausible', 'interval_overlap', 'kind_not_allowed', 'time_out_of_bounds', 'unknown_price', 'unknown_user')),
    "detail" TEXT CONSTRAINT "ck_quarantined_line__detail" CHECK (length("detail") <= 500),
    "record" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_quarantined_line__state" CHECK ("state" IN ('accepted', 'open', 'rejected')),
    "quarantined_at" INTEGER NOT NULL CONSTRAINT "ck_quarantined_line__quarantined_at" CHECK ("quarantined_at" BETWEEN 0 AND 4294967295),
    "decided_at" INTEGER CONSTRAINT "ck_quarantined_line__decided_at" CHECK ("decided_at" BETWEEN 0 AND 4294967295),
    "act_sid" TEXT CONSTRAINT "fk_quarantined_line__act_sid" REFERENCES "operator_act" ("sid") ON DELETE RESTRICT,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "quarantined_line__new" ("sid", "node_id", "commit", "path", "line", "line_hash", "reason", "detail", "record", "state", "quarantined_at", "decided_at", "act_sid", "rev")
SELECT "sid", "node_id", "commit", "path", "line", "line_hash", "reason", "detail", "record", "state", "quarantined_at", "decided_at", "act_sid", "rev"
FROM "quarantined_line";

DROP TABLE "quarantined_line";

ALTER TABLE "quarantined_line__new" RENAME TO "quarantined_line";

CREATE INDEX "ix_quarantined_line__reason" ON "quarantined_line" ("reason");

CREATE INDEX "ix_quarantined_line__state" ON "quarantined_line" ("state");

CREATE INDEX "ix_quarantined_line__quarantined_at" ON "quarantined_line" ("quarantined_at");

CREATE UNIQUE INDEX "uq_quarantined_line__act_sid" ON "quarantined_line" ("act_sid");

CREATE UNIQUE INDEX "uq_quarantined_line__node_id_and_commit_and_path_and_line" ON "quarantined_line" ("node_id", "commit", "path", "line");

CREATE INDEX "ix_quarantined_line__node_id_and_line_hash" ON "quarantined_line" ("node_id", "line_hash");

CREATE TABLE "usage_skip__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_usage_skip" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "commit" TEXT NOT NULL,
    "line" INTEGER CONSTRAINT "ck_usage_skip__line" CHECK ("line" BETWEEN 0 AND 4294967295),
    "reason" TEXT NOT NULL CONSTRAINT "ck_usage_skip__reason" CHECK (length("reason") BETWEEN 1 AND 500),
    "act_sid" TEXT NOT NULL CONSTRAINT "fk_usage_skip__act_sid" REFERENCES "operator_act" ("sid") ON DELETE RESTRICT,
    "skipped_at" INTEGER NOT NULL CONSTRAINT "ck_usage_skip__skipped_at" CHECK ("skipped_at" BETWEEN 0 AND 4294967295)
) STRICT;

INSERT INTO "usage_skip__new" ("sid", "node_id", "commit", "line", "reason", "act_sid", "skipped_at")
SELECT "sid", "node_id", "commit", "line", "reason", "act_sid", "skipped_at"
FROM "usage_skip";

DROP TABLE "usage_skip";

ALTER TABLE "usage_skip__new" RENAME TO "usage_skip";

CREATE UNIQUE INDEX "uq_usage_skip__act_sid" ON "usage_skip" ("act_sid");

CREATE INDEX "ix_usage_skip__node_id_and_commit" ON "usage_skip" ("node_id", "commit");

CREATE TRIGGER "ao_usage_skip__update" BEFORE UPDATE ON "usage_skip"
BEGIN
    SELECT RAISE(ABORT, 'usage_skip is append-only');
END;

CREATE TRIGGER "ao_usage_skip__delete" BEFORE DELETE ON "usage_skip"
BEGIN
    SELECT RAISE(ABORT, 'usage_skip is append-only');
END;
