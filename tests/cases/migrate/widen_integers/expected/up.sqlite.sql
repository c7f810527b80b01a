-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TABLE "user__new" (
    "sid" TEXT NOT NULL CONSTRAINT "pk_user" PRIMARY KEY,
    "a" INTEGER NOT NULL CONSTRAINT "ck_user__a" CHECK ("a" BETWEEN 0 AND 65535),
    "b" TEXT CONSTRAINT "ck_user__b" CHECK (length("b") = 20 AND "b" NOT GLOB '*[^0-9]*' AND "b" BETWEEN '00000000000000000000' AND '18446744073709551615'),
    "c" INTEGER NOT NULL CONSTRAINT "ck_user__c" CHECK ("c" <= 5),
    "d" INTEGER NOT NULL CONSTRAINT "ck_user__d" CHECK ("d" BETWEEN -2147483648 AND 2147483647),
    "rev" INTEGER NOT NULL
) STRICT;

INSERT INTO "user__new" ("sid", "a", "b", "c", "d", "rev")
SELECT "sid", "a", CASE WHEN "b" IS NOT NULL THEN printf('%020d', "b") END, "c", "d", "rev"
FROM "user";

DROP TABLE "user";

ALTER TABLE "user__new" RENAME TO "user";
