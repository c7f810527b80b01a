-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "note" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_note" PRIMARY KEY,
    "user" TEXT NOT NULL CONSTRAINT "fk_note__user" REFERENCES "user" ("sid") ON DELETE RESTRICT
) STRICT;

CREATE TRIGGER "ao_note__update" BEFORE UPDATE ON "note"
BEGIN
    SELECT RAISE(ABORT, 'note is append-only');
END;

CREATE TRIGGER "ao_note__delete" BEFORE DELETE ON "note"
BEGIN
    SELECT RAISE(ABORT, 'note is append-only');
END;
