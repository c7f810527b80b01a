-- Runs in one transaction.

LOCK TABLE "notice", "operator_alert", "pool_vm", "vm_allocation", "waiting_list_entry" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "vm_allocation" WHERE "next_check_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'vm_allocation.next_check_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "vm_allocation" WHERE "checks" IS NOT NULL AND "checks" <> 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'vm_allocation.checks holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "pool_vm" WHERE "running" IS NOT NULL AND "running" <> TRUE) THEN
        RAISE EXCEPTION USING MESSAGE = 'pool_vm.running holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "pool_vm" WHERE "leaving" IS NOT NULL AND "leaving" <> FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'pool_vm.leaving holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "waiting_list_entry" WHERE "ssh_pub_key" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'waiting_list_entry.ssh_pub_key holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "operator_alert" WHERE "kind" IN ('machine_stuck')) THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: kind may no longer be ''machine_stuck'', and some rows hold it; change them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "notice" WHERE "kind" IN ('vm_failed')) THEN
        RAISE EXCEPTION USING MESSAGE = 'notice: kind may no longer be ''vm_failed'', and some rows hold it; change them first';
    END IF;
END
$$;

DROP INDEX "ix_vm_allocation__next_check_at";

ALTER TABLE "vm_allocation" DROP COLUMN "next_check_at";

ALTER TABLE "vm_allocation" DROP COLUMN "checks";

ALTER TABLE "pool_vm" DROP COLUMN "running";

ALTER TABLE "pool_vm" DROP COLUMN "leaving";

DROP INDEX "ix_waiting_list_entry__notified_at";

ALTER TABLE "waiting_list_entry" DROP COLUMN "ssh_pub_key";
