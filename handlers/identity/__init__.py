"""Who calls: sessions, API keys, and the operator's secret."""
