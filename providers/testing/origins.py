"""Which pages a source in a content security policy covers."""


def covers(allowed: str, origin: str) -> bool:
    """As browsers judge it."""
    if allowed == "https:":
        return origin.startswith("https://")
    if "//*." in allowed:
        scheme, _, host = allowed.partition("//*")
        return origin.startswith(f"{scheme}//") and origin.endswith(host)
    return allowed == origin
