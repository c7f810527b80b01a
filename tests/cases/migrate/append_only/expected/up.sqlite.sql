-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "entry__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_entry" PRIMARY KEY,
    "text" TEXT NOT NULL
) STRICT;

INSERT INTO "entry__new" ("sid", "text")
SELECT "sid", "text"
FROM "entry";

DROP TABLE "entry";

ALTER TABLE "entry__new" RENAME TO "entry";

CREATE TRIGGER "ao_entry__update" BEFORE UPDATE ON "entry"
BEGIN
    SELECT RAISE(ABORT, 'entry is append-only');
END;

CREATE TRIGGER "ao_entry__delete" BEFORE DELETE ON "entry"
BEGIN
    SELECT RAISE(ABORT, 'entry is append-only');
END;

CREATE TABLE "draft__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_draft" PRIMARY KEY,
    "text" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "draft__new" ("sid", "text", "rev")
SELECT "sid", "text", 1
FROM "draft";

DROP TABLE "draft";

ALTER TABLE "draft__new" RENAME TO "draft";
