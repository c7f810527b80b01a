-- Runs in one transaction.

DROP TRIGGER "ao_draft__change" ON "draft";

DROP FUNCTION "ao_draft__change"();

ALTER TABLE "entry" DROP COLUMN "rev";

CREATE FUNCTION "ao_entry__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'entry is append-only';
END
$$;

CREATE TRIGGER "ao_entry__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "entry"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_entry__change"();

ALTER TABLE "draft" ADD COLUMN "rev" BIGINT NOT NULL DEFAULT 1;

ALTER TABLE "draft" ALTER COLUMN "rev" DROP DEFAULT;
