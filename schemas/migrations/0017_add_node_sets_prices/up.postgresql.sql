-- Runs in one transaction.

ALTER TABLE "node" ADD COLUMN "sets_prices" BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE "node" ALTER COLUMN "sets_prices" DROP DEFAULT;

ALTER TABLE "quarantined_line" DROP CONSTRAINT "ck_quarantined_line__reason";

ALTER TABLE "quarantined_line" ADD CONSTRAINT "ck_quarantined_line__reason" CHECK ("reason" IN ('foreign_instance', 'implausible', 'interval_overlap', 'kind_not_allowed', 'price_not_allowed', 'time_out_of_bounds', 'unknown_price', 'unknown_user'));

ALTER TABLE "usage_skip" ADD COLUMN "path" TEXT COLLATE "C" CONSTRAINT "ck_usage_skip__path" CHECK (length("path") BETWEEN 1 AND 512);
