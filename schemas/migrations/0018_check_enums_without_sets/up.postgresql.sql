-- Runs in one transaction.

DROP INDEX "ix_usage_record__node_id_and_commit_and_user_sid";

CREATE INDEX "ix_usage_record__commit_and_user_sid" ON "usage_record" ("commit", "user_sid");
