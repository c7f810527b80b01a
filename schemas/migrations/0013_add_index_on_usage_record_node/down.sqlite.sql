-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

DROP INDEX "ix_usage_record__node_id_and_commit_and_user_sid";

CREATE INDEX "ix_usage_record__node_id_and_commit" ON "usage_record" ("node_id", "commit");
