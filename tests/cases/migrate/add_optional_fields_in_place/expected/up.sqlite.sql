-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

ALTER TABLE "entry" ADD COLUMN "note" TEXT CONSTRAINT "ck_entry__note" CHECK (length("note") BETWEEN 1 AND 20);

ALTER TABLE "entry" ADD COLUMN "entry" TEXT CONSTRAINT "fk_entry__entry" REFERENCES "entry" ("sid") ON DELETE RESTRICT;

CREATE INDEX "ix_entry__entry" ON "entry" ("entry");
