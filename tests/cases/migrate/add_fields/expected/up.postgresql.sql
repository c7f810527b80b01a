-- Runs in one transaction.

ALTER TABLE "user" ADD COLUMN "nick" TEXT COLLATE "C" CONSTRAINT "ck_user__nick" CHECK (length("nick") BETWEEN 1 AND 20);

ALTER TABLE "user" ADD COLUMN "level" INTEGER NOT NULL CONSTRAINT "ck_user__level" CHECK ("level" BETWEEN 0 AND 99) DEFAULT 1;

ALTER TABLE "user" ALTER COLUMN "level" DROP DEFAULT;

ALTER TABLE "user" ADD COLUMN "joined_at" BIGINT NOT NULL CONSTRAINT "ck_user__joined_at" CHECK ("joined_at" BETWEEN 0 AND 4294967295) DEFAULT floor(extract(epoch FROM now()))::bigint;

ALTER TABLE "user" ALTER COLUMN "joined_at" DROP DEFAULT;

ALTER TABLE "user" ADD COLUMN "boss" VARCHAR(26) COLLATE "C" CONSTRAINT "fk_user__boss" REFERENCES "user" ("sid") ON DELETE RESTRICT;

CREATE INDEX "ix_user__nick" ON "user" ("nick");
