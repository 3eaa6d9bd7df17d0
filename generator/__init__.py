"""A source system's files, made from a data model: deterministic to the byte, in parallel, with known truth.

The command line is `python -m generator --help`. What a batch looks like on disk stands in `generator/README.md`.
"""
