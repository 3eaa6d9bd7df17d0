"""The loader: files of a source ─▶ raw tables in PostgreSQL, at the speed of COPY, and no row lost.

It imports `warehouse` and nothing of the generator: files and their manifest are all that passes
between them. The command line is `python -m loader --help`; README.md says how it works and how to
add a source.
"""
