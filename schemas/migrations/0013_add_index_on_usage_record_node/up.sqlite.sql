-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

DROP INDEX "ix_usage_record__node_id_and_commit";

CREATE INDEX "ix_usage_record__node_id_and_commit_and_user_sid" ON "usage_record" ("node_id", "commit", "user_sid");
