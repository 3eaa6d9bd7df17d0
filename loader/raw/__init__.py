"""The schema raw: its tables, the ledger, and what is done to them besides loading."""
