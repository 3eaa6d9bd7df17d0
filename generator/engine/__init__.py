"""How a data model becomes files: values from counters, records as bytes, parts by workers."""
