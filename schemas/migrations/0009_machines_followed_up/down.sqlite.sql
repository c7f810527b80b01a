-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'vm_allocation.next_check_at holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT "sid" FROM "vm_allocation" WHERE "next_check_at" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'vm_allocation.checks holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT "sid" FROM "vm_allocation" WHERE "checks" IS NOT NULL AND "checks" <> 0);

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'pool_vm.running holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT "sid" FROM "pool_vm" WHERE "running" IS NOT NULL AND "running" <> 1);

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'pool_vm.leaving holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT "sid" FROM "pool_vm" WHERE "leaving" IS NOT NULL AND "leaving" <> 0);

CREATE TEMP TRIGGER migration_guard_5
BEFORE INSERT ON migration_guard WHEN NEW.failed = 5
BEGIN
    SELECT RAISE(ABORT, 'waiting_list_entry.ssh_pub_key holds values, which going back would lose; clear them first');
END;

INSERT INTO migration_guard SELECT 5 WHERE EXISTS (SELECT "sid" FROM "waiting_list_entry" WHERE "ssh_pub_key" IS NOT NULL);

CREATE TEMP TRIGGER migration_guard_6
BEFORE INSERT ON migration_guard WHEN NEW.failed = 6
BEGIN
    SELECT RAISE(ABORT, 'operator_alert: kind may no longer be ''machine_stuck'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 6 WHERE EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('machine_stuck'));

CREATE TEMP TRIGGER migration_guard_7
BEFORE INSERT ON migration_guard WHEN NEW.failed = 7
BEGIN
    SELECT RAISE(ABORT, 'notice: kind may no longer be ''vm_failed'', and some rows hold it; change them first');
END;

INSERT INTO migration_guard SELECT 7 WHERE EXISTS (SELECT "sid" FROM "notice" WHERE "kind" IN ('vm_failed'));

DROP TABLE migration_guard;

CREATE TABLE "vm_allocation__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_vm_allocation" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_vm_allocation__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "plan_id" TEXT,
    "purchase_sid" TEXT CONSTRAINT "fk_vm_allocation__purchase_sid" REFERENCES "plan_purchase" ("sid") ON DELETE RESTRICT,
    "sku" TEXT NOT NULL,
    "status" TEXT NOT NULL CONSTRAINT "ck_vm_allocation__status" CHECK ("status" IN ('active', 'expired', 'failed', 'provisioning', 'released')),
    "cost_cents" INTEGER NOT NULL,
    "ssh_pub_key" TEXT CONSTRAINT "ck_vm_allocation__ssh_pub_key" CHECK (length("ssh_pub_key") BETWEEN 20 AND 2048),
    "address" TEXT CONSTRAINT "ck_vm_allocation__address" CHECK (length("address") BETWEEN 2 AND 64),
    "provider" TEXT NOT NULL,
    "provider_ref" TEXT CONSTRAINT "ck_vm_allocation__provider_ref" CHECK (length("provider_ref") BETWEEN 1 AND 255),
    "allocated_at" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__allocated_at" CHECK ("allocated_at" BETWEEN 0 AND 4294967295),
    "expires_at" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__expires_at" CHECK ("expires_at" BETWEEN 0 AND 4294967295),
    "released_at" INTEGER CONSTRAINT "ck_vm_allocation__released_at" CHECK ("released_at" BETWEEN 0 AND 4294967295),
    "stopped_at" INTEGER CONSTRAINT "ck_vm_allocation__stopped_at" CHECK ("stopped_at" BETWEEN 0 AND 4294967295),
    "wipe_at" INTEGER CONSTRAINT "ck_vm_allocation__wipe_at" CHECK ("wipe_at" BETWEEN 0 AND 4294967295),
    "failure" TEXT CONSTRAINT "ck_vm_allocation__failure" CHECK (length("failure") <= 500),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "vm_allocation__new" ("sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", "rev")
SELECT "sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", "rev"
FROM "vm_allocation";

DROP TABLE "vm_allocation";

ALTER TABLE "vm_allocation__new" RENAME TO "vm_allocation";

CREATE INDEX "ix_vm_allocation__purchase_sid" ON "vm_allocation" ("purchase_sid");

CREATE INDEX "ix_vm_allocation__status" ON "vm_allocation" ("status");

CREATE INDEX "ix_vm_allocation__expires_at" ON "vm_allocation" ("expires_at");

CREATE INDEX "ix_vm_allocation__wipe_at" ON "vm_allocation" ("wipe_at");

CREATE INDEX "ix_vm_allocation__user_sid_and_status" ON "vm_allocation" ("user_sid", "status");

CREATE TABLE "pool_vm__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_pool_vm" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_pool_vm__name" CHECK (length("name") BETWEEN 1 AND 80),
    "address" TEXT NOT NULL CONSTRAINT "ck_pool_vm__address" CHECK (length("address") BETWEEN 2 AND 64),
    "sku" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_pool_vm__state" CHECK ("state" IN ('claimed', 'dirty', 'free', 'retired', 'used')),
    "allocation_sid" TEXT CONSTRAINT "fk_pool_vm__allocation_sid" REFERENCES "vm_allocation" ("sid") ON DELETE RESTRICT,
    "state_since" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__state_since" CHECK ("state_since" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "pool_vm__new" ("sid", "name", "address", "sku", "state", "allocation_sid", "state_since", "rev")
SELECT "sid", "name", "address", "sku", "state", "allocation_sid", "state_since", "rev"
FROM "pool_vm";

DROP TABLE "pool_vm";

ALTER TABLE "pool_vm__new" RENAME TO "pool_vm";

CREATE UNIQUE INDEX "uq_pool_vm__name" ON "pool_vm" ("name");

CREATE UNIQUE INDEX "uq_pool_vm__address" ON "pool_vm" ("address");

CREATE UNIQUE INDEX "uq_pool_vm__allocation_sid" ON "pool_vm" ("allocation_sid");

CREATE INDEX "ix_pool_vm__state_and_sku" ON "pool_vm" ("state", "sku");

CREATE TABLE "waiting_list_entry__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_waiting_list_entry" PRIMARY KEY,
    "user_sid" TEXT NOT NULL CONSTRAINT "fk_waiting_list_entry__user_sid" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "sku" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL CONSTRAINT "ck_waiting_list_entry__created_at" CHECK ("created_at" BETWEEN 0 AND 4294967295),
    "notified_at" INTEGER CONSTRAINT "ck_waiting_list_entry__notified_at" CHECK ("notified_at" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "waiting_list_entry__new" ("sid", "user_sid", "sku", "created_at", "notified_at", "rev")
SELECT "sid", "user_sid", "sku", "created_at", "notified_at", "rev"
FROM "waiting_list_entry";

DROP TABLE "waiting_list_entry";

ALTER TABLE "waiting_list_entry__new" RENAME TO "waiting_list_entry";

CREATE INDEX "ix_waiting_list_entry__sku" ON "waiting_list_entry" ("sku");

CREATE INDEX "ix_waiting_list_entry__created_at" ON "waiting_list_entry" ("created_at");

CREATE UNIQUE INDEX "uq_waiting_list_entry__user_sid_and_sku" ON "waiting_list_entry" ("user_sid", "sku");
