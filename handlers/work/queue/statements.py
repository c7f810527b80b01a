"""The SQL that asks the queue's tables; what changes them is procrastinate's own."""

LIVING_WORKERS = """
SELECT 1 FROM procrastinate.procrastinate_workers WHERE last_heartbeat > now() - ? * interval '1 second' LIMIT 1
"""
QUEUED_LOCKS = """
SELECT lock FROM procrastinate.procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = ?
"""
"""The pieces of a job that wait or are being worked on."""
KNOWN_WORKER = "SELECT id FROM procrastinate_workers WHERE id = %(id)s"
"""Over procrastinate's own connection."""

# --- its own tables -------------------------------------------------------------------------------------------------

BEGIN_TABLES = """
CREATE SCHEMA procrastinate;
CREATE TABLE procrastinate.applied (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())
"""
HAS_TABLES = "SELECT to_regclass('procrastinate.applied') IS NOT NULL"
APPLIED_STEPS = "SELECT name FROM procrastinate.applied"
NOTE_STEP = "INSERT INTO procrastinate.applied (name) VALUES (%s)"
