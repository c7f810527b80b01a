-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

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
    "next_check_at" INTEGER CONSTRAINT "ck_vm_allocation__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295),
    "checks" INTEGER NOT NULL CONSTRAINT "ck_vm_allocation__checks" CHECK ("checks" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "vm_allocation__new" ("sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", "checks", "rev")
SELECT "sid", "user_sid", "plan_id", "purchase_sid", "sku", "status", "cost_cents", "ssh_pub_key", "address", "provider", "provider_ref", "allocated_at", "expires_at", "released_at", "stopped_at", "wipe_at", "failure", 0, "rev"
FROM "vm_allocation";

DROP TABLE "vm_allocation";

ALTER TABLE "vm_allocation__new" RENAME TO "vm_allocation";

CREATE INDEX "ix_vm_allocation__purchase_sid" ON "vm_allocation" ("purchase_sid");

CREATE INDEX "ix_vm_allocation__status" ON "vm_allocation" ("status");

CREATE INDEX "ix_vm_allocation__expires_at" ON "vm_allocation" ("expires_at");

CREATE INDEX "ix_vm_allocation__wipe_at" ON "vm_allocation" ("wipe_at");

CREATE INDEX "ix_vm_allocation__next_check_at" ON "vm_allocation" ("next_check_at");

CREATE INDEX "ix_vm_allocation__user_sid_and_status" ON "vm_allocation" ("user_sid", "status");

CREATE TABLE "pool_vm__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_pool_vm" PRIMARY KEY,
    "name" TEXT NOT NULL CONSTRAINT "ck_pool_vm__name" CHECK (length("name") BETWEEN 1 AND 80),
    "address" TEXT NOT NULL CONSTRAINT "ck_pool_vm__address" CHECK (length("address") BETWEEN 2 AND 64),
    "sku" TEXT NOT NULL,
    "state" TEXT NOT NULL CONSTRAINT "ck_pool_vm__state" CHECK ("state" IN ('claimed', 'dirty', 'free', 'retired', 'used')),
    "running" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__running" CHECK ("running" IN (0, 1)),
    "leaving" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__leaving" CHECK ("leaving" IN (0, 1)),
    "allocation_sid" TEXT CONSTRAINT "fk_pool_vm__allocation_sid" REFERENCES "vm_allocation" ("sid") ON DELETE RESTRICT,
    "state_since" INTEGER NOT NULL CONSTRAINT "ck_pool_vm__state_since" CHECK ("state_since" BETWEEN 0 AND 4294967295),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "pool_vm__new" ("sid", "name", "address", "sku", "state", "running", "leaving", "allocation_sid", "state_since", "rev")
SELECT "sid", "name", "address", "sku", "state", 1, 0, "allocation_sid", "state_since", "rev"
FROM "pool_vm";

DROP TABLE "pool_vm";

ALTER TABLE "pool_vm__new" RENAME TO "pool_vm";

CREATE UNIQUE INDEX "uq_pool_vm__name" ON "pool_vm" ("name");

CREATE UNIQUE INDEX "uq_pool_vm__address" ON "pool_vm" ("address");

CREATE UNIQUE INDEX "uq_pool_vm__allocation_sid" ON "pool_vm" ("allocation_sid");

CREATE INDEX "ix_pool_vm__state_and_sku" ON "pool_vm" ("state", "sku");

ALTER TABLE "waiting_list_entry" ADD COLUMN "ssh_pub_key" TEXT CONSTRAINT "ck_waiting_list_entry__ssh_pub_key" CHECK (length("ssh_pub_key") BETWEEN 20 AND 2048);

CREATE INDEX "ix_waiting_list_entry__notified_at" ON "waiting_list_entry" ("notified_at");
