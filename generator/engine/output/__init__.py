"""Records as they stand in files: pieces of text, lines, Arrow columns, compression, hashes."""
