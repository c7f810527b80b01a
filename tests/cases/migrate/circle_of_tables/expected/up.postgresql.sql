-- Runs in one transaction.

CREATE TABLE "street" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_street" PRIMARY KEY,
    "name" TEXT COLLATE "C" NOT NULL,
    "first" VARCHAR(26) COLLATE "C",
    "rev" BIGINT NOT NULL
);

CREATE TABLE "house" (
    "sid" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "pk_house" PRIMARY KEY,
    "owner" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_house__owner" REFERENCES "user" ("sid") ON DELETE RESTRICT,
    "street" VARCHAR(26) COLLATE "C" NOT NULL CONSTRAINT "fk_house__street" REFERENCES "street" ("sid") ON DELETE RESTRICT,
    "rev" BIGINT NOT NULL
);

ALTER TABLE "street" ADD CONSTRAINT "fk_street__first" FOREIGN KEY ("first") REFERENCES "house" ("sid") ON DELETE RESTRICT;

ALTER TABLE "user" ADD COLUMN "home" VARCHAR(26) COLLATE "C" CONSTRAINT "fk_user__home" REFERENCES "house" ("sid") ON DELETE RESTRICT;
