"""Profiles of tables: what their columns hold, and how it has drifted since the last time."""
