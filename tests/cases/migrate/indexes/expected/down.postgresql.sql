-- Runs in one transaction.

DROP INDEX "ix_user__last";

DROP INDEX "uq_user__email";

DROP INDEX "uq_user__first_and_last";

CREATE INDEX "ix_user__email" ON "user" ("email");

CREATE INDEX "ix_user__first_and_last" ON "user" ("first", "last");
