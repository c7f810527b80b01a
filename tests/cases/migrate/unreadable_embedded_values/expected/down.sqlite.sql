-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.addresses as `rewrites` in migration.json says.


