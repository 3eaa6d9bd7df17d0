"""A source system's files, made from a data model: deterministic, in parallel, with known truth.

The command line is `python -m generator --help`; README.md beside this file has the rest.
"""
