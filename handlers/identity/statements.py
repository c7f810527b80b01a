"""Handwritten SQL of the login. `?` stands for a parameter; times are Unix seconds.

A time further ahead than it can have been set was set by a clock that was put back since: what it ends is over.
"""

# --- sessions -----------------------------------------------------------------------------------------------------

SESSION_SEEN = """
    UPDATE "session" SET "last_seen_at" = ?, "expires_at" = CASE WHEN "expires_at" > ? THEN ? ELSE "expires_at" END
    WHERE "sid" = ? AND "last_seen_at" <> ?
"""
USER_ACTIVE = """UPDATE "user" SET "last_active" = ? WHERE "sid" = ? AND "last_active" <> ?"""
SESSION_DELETE = """DELETE FROM "session" WHERE "sid" = ? AND "user_sid" = ?"""
SESSIONS_DELETE = """DELETE FROM "session" WHERE "user_sid" = ?"""
SESSIONS_PURGE = """DELETE FROM "session" WHERE "expires_at" <= ?"""
SESSIONS_SHORTEN = """UPDATE "session" SET "last_seen_at" = ?, "expires_at" = ? WHERE "expires_at" > ?"""

# --- challenges ---------------------------------------------------------------------------------------------------

CHALLENGES_OPEN = """
    SELECT COUNT(*), MIN("expires_at") FROM "login_challenge"
    WHERE "public_key" = ? AND "peer" = ? AND "used_at" IS NULL AND "expires_at" > ? AND "issued_at" <= ?
    AND "tries" < ?
"""
MESSAGES_TO_KEY = """
    SELECT COUNT(*), MIN("issued_at") FROM "login_challenge"
    WHERE "public_key" = ? AND "method" = 'message' AND "issued_at" > ?
"""
MESSAGES_FROM_PEER = f"""{MESSAGES_TO_KEY} AND "peer" = ?"""
CHALLENGES_PURGE = """DELETE FROM "login_challenge" WHERE "expires_at" <= ? OR "expires_at" > ?"""
CHALLENGE_TRY = """
    UPDATE "login_challenge" SET "tries" = "tries" + 1
    WHERE "challenge_id" = ? AND "used_at" IS NULL AND "expires_at" > ? AND "issued_at" <= ? AND "tries" < ?
    AND ("pre_hash" IS NULL OR "pre_hash" = ?)
    RETURNING "sid", "proof_hash", "initiated_by", "method", "address", "public_key"
"""
CHALLENGE_USE = """UPDATE "login_challenge" SET "used_at" = ?, "result" = ? WHERE "sid" = ? AND "used_at" IS NULL"""
CHALLENGES_END = """
    UPDATE "login_challenge" SET "used_at" = ?, "result" = 'logged_out' WHERE "public_key" = ? AND "used_at" IS NULL
"""

# --- links --------------------------------------------------------------------------------------------------------

LINK_MAKE = """UPDATE "login_challenge" SET "link_hash" = ?, "link_expires_at" = ? WHERE "sid" = ?"""
LINK_LOOK = """
    SELECT "address" FROM "login_challenge"
    WHERE "link_hash" = ? AND "link_used_at" IS NULL AND "link_expires_at" > ? AND "link_expires_at" <= ?
"""
LINK_USE = """
    UPDATE "login_challenge" SET "link_used_at" = ?
    WHERE "link_hash" = ? AND "link_used_at" IS NULL AND "link_expires_at" > ? AND "link_expires_at" <= ?
    RETURNING "address", "method"
"""
LINKS_END = """
    UPDATE "login_challenge" SET "link_used_at" = ?
    WHERE "public_key" = ? AND "link_hash" IS NOT NULL AND "link_used_at" IS NULL
"""

# --- history ------------------------------------------------------------------------------------------------------

EVENT_FAILED = """
    INSERT INTO "login_event" ("sid", "user_sid", "address", "method", "outcome", "ip", "user_agent", "occurred_at")
    SELECT ?, "u"."sid", "c"."address", "c"."method", 'failed', ?, ?, ?
    FROM "login_challenge" AS "c" LEFT JOIN "user" AS "u" ON "u"."mycelium_address" = "c"."address"
    WHERE "c"."challenge_id" = ? AND "c"."sid" = ?
"""
HAS_SIGNED_IN_FROM = """
    SELECT 1 FROM "login_event" WHERE "address" = ? AND "outcome" = 'succeeded' AND "ip" = ? LIMIT 1
"""

# --- limits -------------------------------------------------------------------------------------------------------

WINDOW = """SELECT "count", "ends_at" FROM "rate_window" WHERE "key" = ? AND "ends_at" > ? AND "ends_at" <= ?"""
WINDOW_COUNT = """
    INSERT INTO "rate_window" ("sid", "key", "count", "ends_at", "rev") VALUES (?, ?, 1, ?, 1)
    ON CONFLICT ("key") DO UPDATE SET
    "count" = CASE WHEN "rate_window"."ends_at" > ? AND "rate_window"."ends_at" <= excluded."ends_at"
    THEN "rate_window"."count" + 1 ELSE 1 END,
    "ends_at" = CASE WHEN "rate_window"."ends_at" > ? AND "rate_window"."ends_at" <= excluded."ends_at"
    THEN "rate_window"."ends_at" ELSE excluded."ends_at" END
    RETURNING "count", "ends_at"
"""
WINDOW_PROLONG = """
    INSERT INTO "rate_window" ("sid", "key", "count", "ends_at", "rev") VALUES (?, ?, 1, ?, 1)
    ON CONFLICT ("key") DO UPDATE SET
    "count" = CASE WHEN "rate_window"."ends_at" > ? AND "rate_window"."ends_at" <= excluded."ends_at"
    THEN "rate_window"."count" + 1 ELSE 1 END,
    "ends_at" = excluded."ends_at"
    RETURNING "count"
"""
WINDOWS_PURGE = """DELETE FROM "rate_window" WHERE "ends_at" <= ? OR "ends_at" > ?"""
