-- Runs in one transaction.

CREATE TABLE "note" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_note" PRIMARY KEY,
    "user" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_note__user" REFERENCES "user" ("sid") ON DELETE RESTRICT
);

CREATE FUNCTION "ao_note__change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'note is append-only';
END
$$;

CREATE TRIGGER "ao_note__change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "note"
    FOR EACH STATEMENT EXECUTE FUNCTION "ao_note__change"();
