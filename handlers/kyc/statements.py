"""The SQL of verification."""

# An attempt without a page is being opened, or nobody came back from opening it: it counts for nothing yet.
NEWEST_ATTEMPT = """
SELECT sid FROM kyc_session WHERE user_sid = ? AND superseded_at IS NULL AND redirect_url IS NOT NULL
ORDER BY created_at DESC LIMIT 1
"""
LAST_BEGUN = """
SELECT MAX(created_at) FROM kyc_session WHERE user_sid = ?
"""
UNOPENED_ATTEMPTS = """
SELECT sid, created_at FROM kyc_session WHERE user_sid = ? AND superseded_at IS NULL AND redirect_url IS NULL
"""
ATTEMPTS_TO_SET_ASIDE = """
SELECT sid FROM kyc_session WHERE user_sid = ? AND superseded_at IS NULL ORDER BY sid
"""
ATTEMPTS_SINCE = """
SELECT COUNT(*) FROM kyc_session WHERE user_sid = ? AND created_at > ?
"""
HAS_EVENT = """
SELECT 1 FROM kyc_event WHERE session_sid = ? LIMIT 1
"""
# A time later than the longest wait was written by a clock that was set back since: it is due as well.
DUE_ATTEMPTS = """
SELECT sid, provider FROM (
    SELECT sid, provider, next_check_at FROM kyc_session WHERE next_check_at <= ?
    UNION ALL
    SELECT sid, provider, next_check_at FROM kyc_session WHERE next_check_at > ?
) AS due
ORDER BY next_check_at, sid LIMIT ?
"""

# --- audit ----------------------------------------------------------------------------------------------------------

ATTEMPTS_IN_ORDER = """
SELECT sid, user_sid, provider, scan_ref, status, decided_at, completed_at, redirect_url
FROM kyc_session WHERE sid > ? ORDER BY sid LIMIT ?
"""
EVENTS_OF_ATTEMPT = """
SELECT user_sid, provider, scan_ref, final, status, occurred_at FROM kyc_event WHERE session_sid = ? ORDER BY sid
"""
USERS_AND_ATTEMPTS_IN_ORDER = """
SELECT "user".sid, "user".kyc_status, "user".kyc_verified_at, newest.sid, newest.status, newest.decided_at
FROM "user" LEFT JOIN kyc_session AS newest ON newest.sid = (
    SELECT kyc_session.sid FROM kyc_session WHERE kyc_session.user_sid = "user".sid
    AND kyc_session.superseded_at IS NULL AND kyc_session.redirect_url IS NOT NULL
    ORDER BY kyc_session.created_at DESC LIMIT 1)
WHERE "user".sid > ? AND EXISTS (SELECT 1 FROM kyc_session WHERE kyc_session.user_sid = "user".sid)
ORDER BY "user".sid LIMIT ?
"""
