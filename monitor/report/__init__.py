"""The report: one page and one JSON document for a run of the watch."""
