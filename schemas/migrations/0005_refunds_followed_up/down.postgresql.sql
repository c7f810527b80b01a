-- Runs in one transaction.

LOCK TABLE "refund" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "refund" WHERE "next_attempt_at" IS NOT NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'refund.next_attempt_at holds values, which going back would lose; clear them first';
    END IF;
END
$$;

DROP INDEX "ix_refund__next_attempt_at";

ALTER TABLE "refund" DROP COLUMN "next_attempt_at";
