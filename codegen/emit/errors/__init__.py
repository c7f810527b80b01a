"""Exception classes of declared errors."""
