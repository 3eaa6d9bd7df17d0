"""The bytes of a block that are at hand while it is judged."""

from __future__ import annotations

from collections.abc import Iterator

# Judged as a whole. Larger windows leave the second cache, smaller ones pay more for each.
WINDOW_BYTES = 256 * 1024


class AtHand:
    """Bytes out of a feed, as many at a time as are wanted.

    Attributes:
        data: those at hand.
        position: in `data`, of the first that was not taken.
        is_end: whether the feed has no more.
        taken: number of bytes taken.
    """

    def __init__(self, feed: Iterator[bytes]) -> None:
        self._feed = feed
        self.data = b""
        self.position = 0
        self.is_end = False
        self.taken = 0

    def fill(self) -> None:
        """Have a window at hand, or what is left of the feed."""
        self._get(WINDOW_BYTES - (len(self.data) - self.position))

    def more(self) -> None:
        """Get as many more as are at hand, or a window, if the feed has so many."""
        self._get(max(len(self.data) - self.position, WINDOW_BYTES))

    def _get(self, wanted: int) -> None:
        """Get so many more bytes; those at hand move to position 0."""
        pieces = [self.data[self.position :]]
        while wanted > 0 and not self.is_end:
            piece = next(self._feed, b"")
            self.is_end = not piece
            wanted -= len(piece)
            pieces.append(piece)
        self.data, self.position = b"".join(pieces), 0

    @property
    def is_empty(self) -> bool:
        """Whether all bytes at hand were taken."""
        return self.position == len(self.data)

    def pass_to(self, position: int) -> None:
        """Take the bytes before a position of `data`."""
        self.taken += position - self.position
        self.position = position

    def take(self, size: int) -> bytes:
        """Take so many bytes."""
        part = self.data[self.position : self.position + size]
        self.pass_to(self.position + size)
        return part

    def take_line(self, line_end: bytes, at_least: int) -> None:
        """Take so many bytes and what follows them to the end of the line, keeping none of it."""
        self.pass_to(self.position + at_least)
        while (found := self.data.find(line_end, self.position)) < 0 and not self.is_end:
            self.pass_to(len(self.data))
            self.more()
        self.pass_to(found + 1 or len(self.data))
