-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "entry__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_entry" PRIMARY KEY,
    "text" TEXT NOT NULL,
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "entry__new" ("sid", "text", "rev")
SELECT "sid", "text", 1
FROM "entry";

DROP TABLE "entry";

ALTER TABLE "entry__new" RENAME TO "entry";

CREATE TABLE "draft__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_draft" PRIMARY KEY,
    "text" TEXT NOT NULL
) STRICT;

INSERT INTO "draft__new" ("sid", "text")
SELECT "sid", "text"
FROM "draft";

DROP TABLE "draft";

ALTER TABLE "draft__new" RENAME TO "draft";

CREATE TRIGGER "ao_draft__update" BEFORE UPDATE ON "draft"
BEGIN
    SELECT RAISE(ABORT, 'draft is append-only');
END;

CREATE TRIGGER "ao_draft__delete" BEFORE DELETE ON "draft"
BEGIN
    SELECT RAISE(ABORT, 'draft is append-only');
END;
