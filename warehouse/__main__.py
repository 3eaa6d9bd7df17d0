"""The command line of the warehouse: `python -m warehouse --help`."""

from __future__ import annotations

from warehouse.cli import main

if __name__ == "__main__":
    main(prog_name="python -m warehouse")
