-- Runs in one transaction.

ALTER TABLE "vm_allocation" ADD COLUMN "next_check_at" BIGINT CONSTRAINT "ck_vm_allocation__next_check_at" CHECK ("next_check_at" BETWEEN 0 AND 4294967295);

ALTER TABLE "vm_allocation" ADD COLUMN "checks" BIGINT NOT NULL CONSTRAINT "ck_vm_allocation__checks" CHECK ("checks" BETWEEN 0 AND 4294967295) DEFAULT 0;

ALTER TABLE "vm_allocation" ALTER COLUMN "checks" DROP DEFAULT;

CREATE INDEX "ix_vm_allocation__next_check_at" ON "vm_allocation" ("next_check_at");

ALTER TABLE "pool_vm" ADD COLUMN "running" BOOLEAN NOT NULL DEFAULT TRUE;

ALTER TABLE "pool_vm" ALTER COLUMN "running" DROP DEFAULT;

ALTER TABLE "pool_vm" ADD COLUMN "leaving" BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE "pool_vm" ALTER COLUMN "leaving" DROP DEFAULT;

ALTER TABLE "waiting_list_entry" ADD COLUMN "ssh_pub_key" TEXT COLLATE "C" CONSTRAINT "ck_waiting_list_entry__ssh_pub_key" CHECK (length("ssh_pub_key") BETWEEN 20 AND 2048);

CREATE INDEX "ix_waiting_list_entry__notified_at" ON "waiting_list_entry" ("notified_at");
