"""Files as bytes, blocks and records. Nothing here knows of a database."""
