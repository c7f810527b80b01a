-- Runs in one transaction.

LOCK TABLE "checkpoint_root" IN ACCESS EXCLUSIVE MODE;

DO $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT "sid" FROM "checkpoint_root" WHERE ("day", "last_position") IN (SELECT "day", "last_position" FROM "checkpoint_root" WHERE "day" IS NOT NULL AND "last_position" IS NOT NULL GROUP BY "day", "last_position" HAVING count(*) > 1) ORDER BY "day", "last_position", "sid") THEN
        RAISE EXCEPTION USING MESSAGE = 'checkpoint_root: (day, last_position) is now unique, and some rows hold the same; mend them first';
    END IF;
END
$$;

CREATE TABLE "ledger_subtree" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_ledger_subtree" PRIMARY KEY,
    "height" BIGINT NOT NULL CONSTRAINT "ck_ledger_subtree__height" CHECK ("height" BETWEEN 1 AND 4294967295),
    "number" NUMERIC(20, 0) NOT NULL CONSTRAINT "ck_ledger_subtree__number" CHECK ("number" BETWEEN 0 AND 18446744073709551615),
    "hash" TEXT COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX "uq_ledger_subtree__height_and_number" ON "ledger_subtree" ("height", "number");

CREATE FUNCTION "ao_ledger_subtree__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'ledger_subtree is append-only';
END
$$;

CREATE TRIGGER "ao_ledger_subtree__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "ledger_subtree"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_ledger_subtree__change"();

DROP INDEX "uq_checkpoint_root__day";

CREATE UNIQUE INDEX "uq_checkpoint_root__day_and_last_position" ON "checkpoint_root" ("day", "last_position");
