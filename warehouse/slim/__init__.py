"""A build of what a change touches, on a small warehouse: `make ci-slim`."""
