-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'node.balances_updated holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "node" WHERE "balances_updated" IS NOT NULL AND "balances_updated" <> '00000000000000000000');

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'node.halts holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "node" WHERE "halts" IS NOT NULL AND "halts" <> '00000000000000000000');

DROP TABLE migration_guard;

CREATE TABLE "node__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_node" PRIMARY KEY,
    "node_id" TEXT NOT NULL,
    "repo_url" TEXT NOT NULL CONSTRAINT "ck_node__repo_url" CHECK (length("repo_url") BETWEEN 1 AND 2048),
    "branch" TEXT NOT NULL CONSTRAINT "ck_node__branch" CHECK (length("branch") BETWEEN 1 AND 128),
    "layout" TEXT NOT NULL CONSTRAINT "ck_node__layout" CHECK (("layout" = 'repository' OR "layout" = 'shared')),
    "keys" TEXT NOT NULL,
    "kinds" TEXT NOT NULL,
    "sets_prices" INTEGER NOT NULL CONSTRAINT "ck_node__sets_prices" CHECK ("sets_prices" BETWEEN 0 AND 1),
    "state" TEXT NOT NULL CONSTRAINT "ck_node__state" CHECK (("state" = 'active' OR "state" = 'halted' OR "state" = 'retired')),
    "root_commit" TEXT,
    "last_commit" TEXT,
    "halted_commit" TEXT,
    "halted_reason" TEXT CONSTRAINT "ck_node__halted_reason" CHECK (("halted_reason" = 'bad_signature' OR "halted_reason" = 'content_conflict' OR "halted_reason" = 'edited_bytes' OR "halted_reason" = 'forbidden_change' OR "halted_reason" = 'not_canonical' OR "halted_reason" = 'parse_error' OR "halted_reason" = 'rewritten_history' OR "halted_reason" = 'sequence_gap' OR "halted_reason" = 'unreachable' OR "halted_reason" = 'wrong_node')),
    "halted_detail" TEXT CONSTRAINT "ck_node__halted_detail" CHECK (length("halted_detail") <= 500),
    "halted_at" INTEGER CONSTRAINT "ck_node__halted_at" CHECK ("halted_at" BETWEEN 0 AND 4294967295),
    "last_seen_at" INTEGER CONSTRAINT "ck_node__last_seen_at" CHECK ("last_seen_at" BETWEEN 0 AND 4294967295),
    "records" TEXT NOT NULL CONSTRAINT "ck_node__records" CHECK (length("records") = 20 AND "records" NOT GLOB '*[^0-9]*' AND "records" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "duplicates" TEXT NOT NULL CONSTRAINT "ck_node__duplicates" CHECK (length("duplicates") = 20 AND "duplicates" NOT GLOB '*[^0-9]*' AND "duplicates" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "quarantined" TEXT NOT NULL CONSTRAINT "ck_node__quarantined" CHECK (length("quarantined") = 20 AND "quarantined" NOT GLOB '*[^0-9]*' AND "quarantined" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "registered_at" INTEGER NOT NULL CONSTRAINT "ck_node__registered_at" CHECK ("registered_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "node__new" ("sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "sets_prices", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev")
SELECT "sid", "node_id", "repo_url", "branch", "layout", "keys", "kinds", "sets_prices", "state", "root_commit", "last_commit", "halted_commit", "halted_reason", "halted_detail", "halted_at", "last_seen_at", "records", "duplicates", "quarantined", "registered_at", "rev"
FROM "node";

DROP TABLE "node";

ALTER TABLE "node__new" RENAME TO "node";

CREATE UNIQUE INDEX "uq_node__node_id" ON "node" ("node_id");

CREATE INDEX "ix_node__state" ON "node" ("state");

CREATE INDEX "ix_node__halted_at" ON "node" ("halted_at");

CREATE INDEX "ix_node__last_seen_at" ON "node" ("last_seen_at");
