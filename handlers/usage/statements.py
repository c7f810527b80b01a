"""The SQL of usage."""

DAYS_OF_USER = """
SELECT day, category, resource_kind, model, node_id, instance_id, records, quantity, list_charge, discount, charge
FROM daily_usage WHERE user_sid = ? AND day >= ? AND day <= ?
ORDER BY day, node_id, instance_id, resource_kind, category, model
"""
SPEND_OF_USER = """
SELECT day, category, SUM(charge), SUM(discount) FROM daily_usage WHERE user_sid = ? AND day >= ?
GROUP BY day, category ORDER BY day, category
"""
IN_ALL_OF_USER = """
SELECT MIN(day), SUM(discount) FROM daily_usage WHERE user_sid = ?
"""
NODES_OF_USER = """
SELECT node_id, last_seen_at FROM node WHERE state <> 'retired'
AND node_id IN (SELECT node_id FROM daily_usage WHERE user_sid = ? AND day >= ?) ORDER BY node_id
"""
