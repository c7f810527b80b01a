-- Runs in one transaction.
-- Not whole by itself: before it, `oschema migrate apply` rewrites the JSON in
-- user.addresses, user.sent, note.home as `rewrites` in migration.json says.

ALTER TABLE "user" RENAME COLUMN "addresses" TO "places";

ALTER TABLE "user" ADD COLUMN "note" TEXT COLLATE "C";
