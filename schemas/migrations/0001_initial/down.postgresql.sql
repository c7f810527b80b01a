-- Runs in one transaction.

LOCK TABLE "alert_settings", "api_key", "billing", "checkpoint_root", "consumed_commit", "credit_lot", "daily_usage", "dispute", "form_token", "job_run", "kyc_event", "kyc_session", "lease", "ledger_entry", "ledger_queue", "ledger_transaction", "login_challenge", "login_event", "node", "notice", "operator_act", "operator_alert", "payment_event", "plan_purchase", "pool_vm", "price", "price_book", "quarantined_line", "rate_window", "reconciliation", "refund", "session", "stream_cursor", "top_up", "usage_record", "usage_skip", "user", "vm_allocation", "waiting_list_entry", "webhook_inbox_entry" IN ACCESS EXCLUSIVE MODE;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "user") THEN
        RAISE EXCEPTION USING MESSAGE = 'user: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "login_challenge") THEN
        RAISE EXCEPTION USING MESSAGE = 'login_challenge: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "session") THEN
        RAISE EXCEPTION USING MESSAGE = 'session: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "login_event") THEN
        RAISE EXCEPTION USING MESSAGE = 'login_event: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "rate_window") THEN
        RAISE EXCEPTION USING MESSAGE = 'rate_window: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "api_key") THEN
        RAISE EXCEPTION USING MESSAGE = 'api_key: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "billing") THEN
        RAISE EXCEPTION USING MESSAGE = 'billing: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "ledger_transaction") THEN
        RAISE EXCEPTION USING MESSAGE = 'ledger_transaction: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "ledger_entry") THEN
        RAISE EXCEPTION USING MESSAGE = 'ledger_entry: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "ledger_queue") THEN
        RAISE EXCEPTION USING MESSAGE = 'ledger_queue: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "credit_lot") THEN
        RAISE EXCEPTION USING MESSAGE = 'credit_lot: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "top_up") THEN
        RAISE EXCEPTION USING MESSAGE = 'top_up: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "payment_event") THEN
        RAISE EXCEPTION USING MESSAGE = 'payment_event: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "refund") THEN
        RAISE EXCEPTION USING MESSAGE = 'refund: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "dispute") THEN
        RAISE EXCEPTION USING MESSAGE = 'dispute: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "webhook_inbox_entry") THEN
        RAISE EXCEPTION USING MESSAGE = 'webhook_inbox_entry: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "reconciliation") THEN
        RAISE EXCEPTION USING MESSAGE = 'reconciliation: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "kyc_session") THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_session: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "kyc_event") THEN
        RAISE EXCEPTION USING MESSAGE = 'kyc_event: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "plan_purchase") THEN
        RAISE EXCEPTION USING MESSAGE = 'plan_purchase: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "vm_allocation") THEN
        RAISE EXCEPTION USING MESSAGE = 'vm_allocation: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "pool_vm") THEN
        RAISE EXCEPTION USING MESSAGE = 'pool_vm: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "waiting_list_entry") THEN
        RAISE EXCEPTION USING MESSAGE = 'waiting_list_entry: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "node") THEN
        RAISE EXCEPTION USING MESSAGE = 'node: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "price_book") THEN
        RAISE EXCEPTION USING MESSAGE = 'price_book: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "price") THEN
        RAISE EXCEPTION USING MESSAGE = 'price: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "usage_record") THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_record: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "daily_usage") THEN
        RAISE EXCEPTION USING MESSAGE = 'daily_usage: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_act") THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_act: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "quarantined_line") THEN
        RAISE EXCEPTION USING MESSAGE = 'quarantined_line: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "stream_cursor") THEN
        RAISE EXCEPTION USING MESSAGE = 'stream_cursor: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "usage_skip") THEN
        RAISE EXCEPTION USING MESSAGE = 'usage_skip: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "consumed_commit") THEN
        RAISE EXCEPTION USING MESSAGE = 'consumed_commit: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "operator_alert") THEN
        RAISE EXCEPTION USING MESSAGE = 'operator_alert: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "notice") THEN
        RAISE EXCEPTION USING MESSAGE = 'notice: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "alert_settings") THEN
        RAISE EXCEPTION USING MESSAGE = 'alert_settings: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "form_token") THEN
        RAISE EXCEPTION USING MESSAGE = 'form_token: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "lease") THEN
        RAISE EXCEPTION USING MESSAGE = 'lease: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "job_run") THEN
        RAISE EXCEPTION USING MESSAGE = 'job_run: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM "checkpoint_root") THEN
        RAISE EXCEPTION USING MESSAGE = 'checkpoint_root: holds rows, which would be lost with the table; delete them first';
    END IF;
END
$$;

DROP TRIGGER "ao_login_event__change" ON "login_event";

DROP FUNCTION "ao_login_event__change"();

DROP TRIGGER "ao_ledger_transaction__change" ON "ledger_transaction";

DROP FUNCTION "ao_ledger_transaction__change"();

DROP TRIGGER "ao_ledger_entry__change" ON "ledger_entry";

DROP FUNCTION "ao_ledger_entry__change"();

DROP TRIGGER "ao_payment_event__change" ON "payment_event";

DROP FUNCTION "ao_payment_event__change"();

DROP TRIGGER "ao_kyc_event__change" ON "kyc_event";

DROP FUNCTION "ao_kyc_event__change"();

DROP TRIGGER "ao_plan_purchase__change" ON "plan_purchase";

DROP FUNCTION "ao_plan_purchase__change"();

DROP TRIGGER "ao_price_book__change" ON "price_book";

DROP FUNCTION "ao_price_book__change"();

DROP TRIGGER "ao_price__change" ON "price";

DROP FUNCTION "ao_price__change"();

DROP TRIGGER "ao_usage_record__change" ON "usage_record";

DROP FUNCTION "ao_usage_record__change"();

DROP TRIGGER "ao_operator_act__change" ON "operator_act";

DROP FUNCTION "ao_operator_act__change"();

DROP TRIGGER "ao_usage_skip__change" ON "usage_skip";

DROP FUNCTION "ao_usage_skip__change"();

DROP TRIGGER "ao_consumed_commit__change" ON "consumed_commit";

DROP FUNCTION "ao_consumed_commit__change"();

DROP TRIGGER "ao_job_run__change" ON "job_run";

DROP FUNCTION "ao_job_run__change"();

DROP TRIGGER "ao_checkpoint_root__change" ON "checkpoint_root";

DROP FUNCTION "ao_checkpoint_root__change"();

DROP TABLE "user", "login_challenge", "session", "login_event", "rate_window", "api_key", "billing", "ledger_transaction", "ledger_entry", "ledger_queue", "credit_lot", "top_up", "payment_event", "refund", "dispute", "webhook_inbox_entry", "reconciliation", "kyc_session", "kyc_event", "plan_purchase", "vm_allocation", "pool_vm", "waiting_list_entry", "node", "price_book", "price", "usage_record", "daily_usage", "operator_act", "quarantined_line", "stream_cursor", "usage_skip", "consumed_commit", "operator_alert", "notice", "alert_settings", "form_token", "lease", "job_run", "checkpoint_root";
