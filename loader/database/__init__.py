"""Sources that are databases: their tables are copied, not delivered as files."""
