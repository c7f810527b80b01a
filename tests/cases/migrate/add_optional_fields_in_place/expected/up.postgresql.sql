-- Runs in one transaction.

ALTER TABLE "entry" ADD COLUMN "note" TEXT COLLATE "C" CONSTRAINT "ck_entry__note" CHECK (length("note") BETWEEN 1 AND 20);

ALTER TABLE "entry" ADD COLUMN "entry" VARCHAR(26) COLLATE "C" CONSTRAINT "fk_entry__entry" REFERENCES "entry" ("sid") ON DELETE RESTRICT;

CREATE INDEX "ix_entry__entry" ON "entry" ("entry");
