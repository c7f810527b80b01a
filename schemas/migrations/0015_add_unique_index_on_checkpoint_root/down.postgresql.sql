-- Runs in one transaction.

LOCK TABLE "checkpoint_root", "ledger_subtree" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "checkpoint_root" WHERE ("day") IN (SELECT "day" FROM "checkpoint_root" WHERE "day" IS NOT NULL GROUP BY "day" HAVING count(*) > 1) ORDER BY "day", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'checkpoint_root: (day) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "ledger_subtree") THEN
        RAISE EXCEPTION USING MESSAGE = 'ledger_subtree: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP INDEX "uq_checkpoint_root__day_and_last_position";

CREATE UNIQUE INDEX "uq_checkpoint_root__day" ON "checkpoint_root" ("day");

DROP TRIGGER "ao_ledger_subtree__change" ON "ledger_subtree";

DROP FUNCTION "ao_ledger_subtree__change"();

DROP TABLE "ledger_subtree";
