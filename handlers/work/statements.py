"""The SQL of notices."""

UNREAD_NOTICES = """
SELECT COUNT(*) FROM notice WHERE user_sid = ? AND read_at IS NULL
"""
