"""Records broken on purpose, which share of them, and the ledger of what was done."""
