"""The kinds of columns, one class for each."""
