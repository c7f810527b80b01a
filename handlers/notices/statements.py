"""The SQL of notices."""

READ_ALL = """
UPDATE notice SET read_at = ?, rev = rev + 1 WHERE user_sid = ? AND read_at IS NULL
"""
TO_BE_SENT = """
SELECT notice.sid, notice.user_sid, notice.text FROM notice
JOIN alert_settings ON alert_settings.user_sid = notice.user_sid
WHERE notice.created_at > ? AND notice.sent_at IS NULL AND alert_settings.messages = ?
ORDER BY notice.created_at LIMIT ?
"""
CLAIM = """
UPDATE notice SET sent_at = ?, rev = rev + 1 WHERE sid = ? AND sent_at IS NULL
"""
GIVE_BACK = """
UPDATE notice SET sent_at = NULL, rev = rev + 1 WHERE sid = ?
"""
