-- Runs in one transaction.

DROP TRIGGER "ao_entry__change" ON "entry";

DROP FUNCTION "ao_entry__change"();

ALTER TABLE "entry" ADD COLUMN "rev" BIGINT NOT NULL DEFAULT 1;

ALTER TABLE "entry" ALTER COLUMN "rev" DROP DEFAULT;

ALTER TABLE "draft" DROP COLUMN "rev";

CREATE FUNCTION "ao_draft__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'draft is append-only';
END
$$;

CREATE TRIGGER "ao_draft__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "draft"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_draft__change"();
