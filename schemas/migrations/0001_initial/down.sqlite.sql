-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).

CREATE TEMP TABLE migration_guard (failed INTEGER);

CREATE TEMP TRIGGER migration_guard_1
BEFORE INSERT ON migration_guard WHEN NEW.failed = 1
BEGIN
    SELECT RAISE(ABORT, 'user: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 1 WHERE EXISTS (SELECT 1 FROM "user");

CREATE TEMP TRIGGER migration_guard_2
BEFORE INSERT ON migration_guard WHEN NEW.failed = 2
BEGIN
    SELECT RAISE(ABORT, 'login_challenge: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 2 WHERE EXISTS (SELECT 1 FROM "login_challenge");

CREATE TEMP TRIGGER migration_guard_3
BEFORE INSERT ON migration_guard WHEN NEW.failed = 3
BEGIN
    SELECT RAISE(ABORT, 'session: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 3 WHERE EXISTS (SELECT 1 FROM "session");

CREATE TEMP TRIGGER migration_guard_4
BEFORE INSERT ON migration_guard WHEN NEW.failed = 4
BEGIN
    SELECT RAISE(ABORT, 'login_event: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 4 WHERE EXISTS (SELECT 1 FROM "login_event");

CREATE TEMP TRIGGER migration_guard_5
BEFORE INSERT ON migration_guard WHEN NEW.failed = 5
BEGIN
    SELECT RAISE(ABORT, 'rate_window: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 5 WHERE EXISTS (SELECT 1 FROM "rate_window");

CREATE TEMP TRIGGER migration_guard_6
BEFORE INSERT ON migration_guard WHEN NEW.failed = 6
BEGIN
    SELECT RAISE(ABORT, 'api_key: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 6 WHERE EXISTS (SELECT 1 FROM "api_key");

CREATE TEMP TRIGGER migration_guard_7
BEFORE INSERT ON migration_guard WHEN NEW.failed = 7
BEGIN
    SELECT RAISE(ABORT, 'billing: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 7 WHERE EXISTS (SELECT 1 FROM "billing");

CREATE TEMP TRIGGER migration_guard_8
BEFORE INSERT ON migration_guard WHEN NEW.failed = 8
BEGIN
    SELECT RAISE(ABORT, 'ledger_transaction: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 8 WHERE EXISTS (SELECT 1 FROM "ledger_transaction");

CREATE TEMP TRIGGER migration_guard_9
BEFORE INSERT ON migration_guard WHEN NEW.failed = 9
BEGIN
    SELECT RAISE(ABORT, 'ledger_entry: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 9 WHERE EXISTS (SELECT 1 FROM "ledger_entry");

CREATE TEMP TRIGGER migration_guard_10
BEFORE INSERT ON migration_guard WHEN NEW.failed = 10
BEGIN
    SELECT RAISE(ABORT, 'ledger_queue: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 10 WHERE EXISTS (SELECT 1 FROM "ledger_queue");

CREATE TEMP TRIGGER migration_guard_11
BEFORE INSERT ON migration_guard WHEN NEW.failed = 11
BEGIN
    SELECT RAISE(ABORT, 'credit_lot: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 11 WHERE EXISTS (SELECT 1 FROM "credit_lot");

CREATE TEMP TRIGGER migration_guard_12
BEFORE INSERT ON migration_guard WHEN NEW.failed = 12
BEGIN
    SELECT RAISE(ABORT, 'top_up: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 12 WHERE EXISTS (SELECT 1 FROM "top_up");

CREATE TEMP TRIGGER migration_guard_13
BEFORE INSERT ON migration_guard WHEN NEW.failed = 13
BEGIN
    SELECT RAISE(ABORT, 'payment_event: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 13 WHERE EXISTS (SELECT 1 FROM "payment_event");

CREATE TEMP TRIGGER migration_guard_14
BEFORE INSERT ON migration_guard WHEN NEW.failed = 14
BEGIN
    SELECT RAISE(ABORT, 'refund: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 14 WHERE EXISTS (SELECT 1 FROM "refund");

CREATE TEMP TRIGGER migration_guard_15
BEFORE INSERT ON migration_guard WHEN NEW.failed = 15
BEGIN
    SELECT RAISE(ABORT, 'dispute: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 15 WHERE EXISTS (SELECT 1 FROM "dispute");

CREATE TEMP TRIGGER migration_guard_16
BEFORE INSERT ON migration_guard WHEN NEW.failed = 16
BEGIN
    SELECT RAISE(ABORT, 'webhook_inbox_entry: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 16 WHERE EXISTS (SELECT 1 FROM "webhook_inbox_entry");

CREATE TEMP TRIGGER migration_guard_17
BEFORE INSERT ON migration_guard WHEN NEW.failed = 17
BEGIN
    SELECT RAISE(ABORT, 'reconciliation: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 17 WHERE EXISTS (SELECT 1 FROM "reconciliation");

CREATE TEMP TRIGGER migration_guard_18
BEFORE INSERT ON migration_guard WHEN NEW.failed = 18
BEGIN
    SELECT RAISE(ABORT, 'kyc_session: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 18 WHERE EXISTS (SELECT 1 FROM "kyc_session");

CREATE TEMP TRIGGER migration_guard_19
BEFORE INSERT ON migration_guard WHEN NEW.failed = 19
BEGIN
    SELECT RAISE(ABORT, 'kyc_event: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 19 WHERE EXISTS (SELECT 1 FROM "kyc_event");

CREATE TEMP TRIGGER migration_guard_20
BEFORE INSERT ON migration_guard WHEN NEW.failed = 20
BEGIN
    SELECT RAISE(ABORT, 'plan_purchase: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 20 WHERE EXISTS (SELECT 1 FROM "plan_purchase");

CREATE TEMP TRIGGER migration_guard_21
BEFORE INSERT ON migration_guard WHEN NEW.failed = 21
BEGIN
    SELECT RAISE(ABORT, 'vm_allocation: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 21 WHERE EXISTS (SELECT 1 FROM "vm_allocation");

CREATE TEMP TRIGGER migration_guard_22
BEFORE INSERT ON migration_guard WHEN NEW.failed = 22
BEGIN
    SELECT RAISE(ABORT, 'pool_vm: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 22 WHERE EXISTS (SELECT 1 FROM "pool_vm");

CREATE TEMP TRIGGER migration_guard_23
BEFORE INSERT ON migration_guard WHEN NEW.failed = 23
BEGIN
    SELECT RAISE(ABORT, 'waiting_list_entry: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 23 WHERE EXISTS (SELECT 1 FROM "waiting_list_entry");

CREATE TEMP TRIGGER migration_guard_24
BEFORE INSERT ON migration_guard WHEN NEW.failed = 24
BEGIN
    SELECT RAISE(ABORT, 'node: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 24 WHERE EXISTS (SELECT 1 FROM "node");

CREATE TEMP TRIGGER migration_guard_25
BEFORE INSERT ON migration_guard WHEN NEW.failed = 25
BEGIN
    SELECT RAISE(ABORT, 'price_book: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 25 WHERE EXISTS (SELECT 1 FROM "price_book");

CREATE TEMP TRIGGER migration_guard_26
BEFORE INSERT ON migration_guard WHEN NEW.failed = 26
BEGIN
    SELECT RAISE(ABORT, 'price: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 26 WHERE EXISTS (SELECT 1 FROM "price");

CREATE TEMP TRIGGER migration_guard_27
BEFORE INSERT ON migration_guard WHEN NEW.failed = 27
BEGIN
    SELECT RAISE(ABORT, 'usage_record: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 27 WHERE EXISTS (SELECT 1 FROM "usage_record");

CREATE TEMP TRIGGER migration_guard_28
BEFORE INSERT ON migration_guard WHEN NEW.failed = 28
BEGIN
    SELECT RAISE(ABORT, 'daily_usage: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 28 WHERE EXISTS (SELECT 1 FROM "daily_usage");

CREATE TEMP TRIGGER migration_guard_29
BEFORE INSERT ON migration_guard WHEN NEW.failed = 29
BEGIN
    SELECT RAISE(ABORT, 'operator_act: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 29 WHERE EXISTS (SELECT 1 FROM "operator_act");

CREATE TEMP TRIGGER migration_guard_30
BEFORE INSERT ON migration_guard WHEN NEW.failed = 30
BEGIN
    SELECT RAISE(ABORT, 'quarantined_line: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 30 WHERE EXISTS (SELECT 1 FROM "quarantined_line");

CREATE TEMP TRIGGER migration_guard_31
BEFORE INSERT ON migration_guard WHEN NEW.failed = 31
BEGIN
    SELECT RAISE(ABORT, 'stream_cursor: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 31 WHERE EXISTS (SELECT 1 FROM "stream_cursor");

CREATE TEMP TRIGGER migration_guard_32
BEFORE INSERT ON migration_guard WHEN NEW.failed = 32
BEGIN
    SELECT RAISE(ABORT, 'usage_skip: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 32 WHERE EXISTS (SELECT 1 FROM "usage_skip");

CREATE TEMP TRIGGER migration_guard_33
BEFORE INSERT ON migration_guard WHEN NEW.failed = 33
BEGIN
    SELECT RAISE(ABORT, 'consumed_commit: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 33 WHERE EXISTS (SELECT 1 FROM "consumed_commit");

CREATE TEMP TRIGGER migration_guard_34
BEFORE INSERT ON migration_guard WHEN NEW.failed = 34
BEGIN
    SELECT RAISE(ABORT, 'operator_alert: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 34 WHERE EXISTS (SELECT 1 FROM "operator_alert");

CREATE TEMP TRIGGER migration_guard_35
BEFORE INSERT ON migration_guard WHEN NEW.failed = 35
BEGIN
    SELECT RAISE(ABORT, 'notice: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 35 WHERE EXISTS (SELECT 1 FROM "notice");

CREATE TEMP TRIGGER migration_guard_36
BEFORE INSERT ON migration_guard WHEN NEW.failed = 36
BEGIN
    SELECT RAISE(ABORT, 'alert_settings: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 36 WHERE EXISTS (SELECT 1 FROM "alert_settings");

CREATE TEMP TRIGGER migration_guard_37
BEFORE INSERT ON migration_guard WHEN NEW.failed = 37
BEGIN
    SELECT RAISE(ABORT, 'form_token: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 37 WHERE EXISTS (SELECT 1 FROM "form_token");

CREATE TEMP TRIGGER migration_guard_38
BEFORE INSERT ON migration_guard WHEN NEW.failed = 38
BEGIN
    SELECT RAISE(ABORT, 'lease: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 38 WHERE EXISTS (SELECT 1 FROM "lease");

CREATE TEMP TRIGGER migration_guard_39
BEFORE INSERT ON migration_guard WHEN NEW.failed = 39
BEGIN
    SELECT RAISE(ABORT, 'job_run: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 39 WHERE EXISTS (SELECT 1 FROM "job_run");

CREATE TEMP TRIGGER migration_guard_40
BEFORE INSERT ON migration_guard WHEN NEW.failed = 40
BEGIN
    SELECT RAISE(ABORT, 'checkpoint_root: holds rows, which would be lost with the table; delete them first');
END;

INSERT INTO migration_guard SELECT 40 WHERE EXISTS (SELECT 1 FROM "checkpoint_root");

DROP TABLE migration_guard;

DROP TABLE "user";

DROP TABLE "login_challenge";

DROP TABLE "session";

DROP TABLE "login_event";

DROP TABLE "rate_window";

DROP TABLE "api_key";

DROP TABLE "billing";

DROP TABLE "ledger_transaction";

DROP TABLE "ledger_entry";

DROP TABLE "ledger_queue";

DROP TABLE "credit_lot";

DROP TABLE "top_up";

DROP TABLE "payment_event";

DROP TABLE "refund";

DROP TABLE "dispute";

DROP TABLE "webhook_inbox_entry";

DROP TABLE "reconciliation";

DROP TABLE "kyc_session";

DROP TABLE "kyc_event";

DROP TABLE "plan_purchase";

DROP TABLE "vm_allocation";

DROP TABLE "pool_vm";

DROP TABLE "waiting_list_entry";

DROP TABLE "node";

DROP TABLE "price_book";

DROP TABLE "price";

DROP TABLE "usage_record";

DROP TABLE "daily_usage";

DROP TABLE "operator_act";

DROP TABLE "quarantined_line";

DROP TABLE "stream_cursor";

DROP TABLE "usage_skip";

DROP TABLE "consumed_commit";

DROP TABLE "operator_alert";

DROP TABLE "notice";

DROP TABLE "alert_settings";

DROP TABLE "form_token";

DROP TABLE "lease";

DROP TABLE "job_run";

DROP TABLE "checkpoint_root";
