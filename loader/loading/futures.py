"""What the threads of a run have done, taken up by the one that waits for them."""

from __future__ import annotations

from concurrent.futures import Future

import psycopg2

from loader.loading.attempts import one_line
from loader.loading.outcome import Outcome, Run
from loader.loading.recording import note
from loader.reading.streams import Meter
from warehouse.errors import WarehouseError

# How often it looks how far they are, for the progress that it shows.
POLL_SECONDS = 0.1


def take_up(future: Future[Outcome | None], meter: Meter, result: Run) -> str:
    """Take up what became of a file or a table; the first error that concerns all ends the run.

    Args:
        future: it is done, or cancelled.
        meter: of the run; it stops the threads.
        result: the run.

    Returns:
        The name of what was brought to its end, for the progress; empty where nothing was.
    """
    if future.cancelled():
        return ""
    error = future.exception()
    if error is None:
        outcome = future.result()
        if outcome:
            note(result, outcome)
        return outcome.name if outcome else ""
    if not isinstance(error, WarehouseError | psycopg2.Error):
        raise error
    if result.fatal is None:
        result.fatal = one_line(error)
        meter.stop()
    return ""
