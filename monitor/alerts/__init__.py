"""Alerts: who hears of what is wrong, once, and of its end; see docs/monitoring/alerts.md."""
