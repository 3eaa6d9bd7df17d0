"""The warehouse's own room: settings, connections, retries and the embedded PostgreSQL.

It imports neither the generator nor the loader; both may import it. The command line is
`python -m warehouse --help`.
"""
