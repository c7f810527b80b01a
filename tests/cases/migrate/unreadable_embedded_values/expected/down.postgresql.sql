-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.addresses as `rewrites` in migration.json says.


