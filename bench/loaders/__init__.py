"""Measures the loader: beside the server's own COPY, beside others, on dirt, on what it skips."""
