"""Guesses how a file is written from its first bytes."""
