"""A CSV file in blocks that end with a record: each is given to COPY as it is, or judged.

A block is read while it is sent: piece by piece into one buffer that stays in the processor's
cache, where its quotes are checked. A block whose quotes are not sound, or that holds what this
server's COPY would misread, must not be trusted to COPY: it is judged record by record.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from loader.reading.judging import Judge
from loader.reading.memory import keep_freed_memory
from loader.reading.records import Reject
from loader.reading.scanning import CR, Rules, Scan, Shape
from loader.reading.streams import BLOCK

__all__ = ["Block", "Shape", "Splitter"]

# Read and checked at a time. The page faults of fresh memory would cost more than the check
# itself; a buffer of this size stays in the second cache.
PIECE_BYTES = 256 * 1024

# What COPY gets at a time as one statement: it bounds the memory, and what is judged on a fault.
BLOCK_BYTES = 8 * 1024**2

# When no record has ended for longer than this, the block is judged: perhaps a quote is not closed.
LONG_RECORD_BYTES = 1024**2


class Block:
    """Some records of a file.

    Attributes:
        offset: of its first byte in the content.
        size: its bytes; known when it was read, or judged if it is not sound.
        sound: False: COPY would misread it, or it is not known where its records end, so it must be
            judged. Known once `pieces` is exhausted.
        records: their number; known when it was read, or judged if it is not sound.
    """

    def __init__(self, splitter: Splitter, offset: int) -> None:
        self._splitter = splitter
        self._pieces = splitter.read(self)
        self._kept: list[bytes] = []
        self._read = False
        self.offset = offset
        self.size = 0
        self.sound = True
        self.records = 0

    def pieces(self) -> Iterator[bytes]:
        """Give its bytes as they are; the first time they are read from the stream meanwhile.

        They are kept, so that it can be asked again. It comes to its end early when it finds that
        the block is not sound.
        """
        if self._read:
            yield from self._kept
            return
        self._read = True
        for piece in self._pieces:
            self._kept.append(piece)
            self.size += len(piece)
            yield piece

    def judged(self, first: int, aside: Callable[[Reject], None]) -> Iterator[bytes]:
        """Give the good records, each with its number as a first field before it and LF after it.

        A block that is not sound may end elsewhere than its pieces did: it takes further bytes from
        the stream, or gives some back. Afterwards `records` and `size` are known.

        Args:
            first: number of the block's first record.
            aside: takes the other records; `locate` finds their lines.
        """
        judge = Judge(self._splitter.rules, self._feed(), self.offset, first, aside)
        if self.sound:
            yield from judge.records_until(None)
        else:
            yield from judge.records_until(max(self.size, self._splitter.block_bytes))
            self._splitter.give_back(judge.rest())
            self.size = judge.consumed
            self._splitter.offset = self.offset + self.size
        self.records = judge.number - first

    def holds(self, byte: bytes) -> bool:
        """Whether a byte stands anywhere in its pieces."""
        return any(byte in piece for piece in self._kept)

    def _feed(self) -> Iterator[bytes]:
        yield from self._kept
        if not self.sound:
            yield from self._splitter.unread()


class Splitter:
    """Cuts a stream of records into blocks.

    The next block may be asked for when the last one's `pieces`, and `judged` if it is not sound,
    came to their end.

    Args:
        stream: stands at the first record.
        shape: of the records.
        offset: of the first record in the content.
        block_bytes: a block ends within the piece that brings it to this size.
    """

    def __init__(
        self,
        stream: io.BufferedIOBase,
        shape: Shape,
        *,
        offset: int = 0,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        keep_freed_memory()
        self._stream, self.offset, self.block_bytes = stream, offset, block_bytes
        self.rules = Rules(shape)
        # The byte before the piece is the scan's.
        self._buffer = bytearray(1 + PIECE_BYTES)
        self._view = memoryview(self._buffer)[1:]
        self._filled = 0
        self._pending = b""

    def __iter__(self) -> Iterator[Block]:
        while self._fill():
            yield Block(self, self.offset)

    def _fill(self) -> int:
        """Fill the buffer with what was given back and what the stream has; 0 at the end."""
        room = len(self._view)
        given, self._pending = self._pending[:room], self._pending[room:]
        self._view[: len(given)] = given
        self._filled = len(given)
        if self._filled < room:
            self._filled += self._stream.readinto(self._view[self._filled :])
        return self._filled

    def read(self, block: Block) -> Iterator[bytes]:
        """Read a block, as far as it is sound."""
        if len(self.rules.shape.dialect.nulls) > 1:
            # COPY can be told only one of them.
            block.sound = False
            return
        scan = Scan(self.rules, self._buffer)
        taken, since_border, records, has_border = 0, 0, 0, False
        while size := self._filled or self._fill():
            scan.piece(size)
            border = scan.border - 1
            ends = border > 0 and taken + size >= self.block_bytes
            since_border = since_border + size if border < 0 else size - border
            if not ends and (scan.fault >= 0 or since_border > LONG_RECORD_BYTES):
                block.sound = False
                return
            has_border |= border > 0
            end = border if ends else size
            records += scan.count(end + 1)
            for start in range(0, end, BLOCK):
                yield bytes(self._view[start : min(start + BLOCK, end)])
            taken += end
            self._filled = 0
            if ends:
                self.give_back(bytes(self._view[end:size]))
                break
            scan.carry(size)
        else:
            unended = self._buffer[0] != self.rules.line_end[0]
            records += unended
            # With no other line end, COPY takes a carriage return for one.
            if scan.is_open or (not has_border and block.holds(CR)):
                block.sound = False
                return
        self.offset += taken
        block.records = records

    def unread(self) -> Iterator[bytes]:
        """Give the bytes behind those that were read as blocks."""
        while size := self._filled or self._fill():
            self._filled = 0
            yield bytes(self._view[:size])

    def give_back(self, rest: bytes) -> None:
        """Take bytes that stand before those not yet read."""
        self._pending = rest + bytes(self._view[: self._filled]) + self._pending
        self._filled = 0
