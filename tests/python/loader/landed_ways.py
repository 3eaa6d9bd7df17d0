"""Ways of loading the same file: pieces and blocks of any size, cut over connections or not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from loader.reading import at_hand, blocks, encoding, records


@dataclass(frozen=True)
class Way:
    """In pieces and blocks of so many bytes (0: as ever), and cut or not."""

    name: str
    piece: int = 0
    block: int = 0
    cut: bool = False

    def prepare(self, patch: pytest.MonkeyPatch) -> None:
        if self.piece:
            patch.setattr(blocks, "PIECE_BYTES", self.piece)
            patch.setattr(at_hand, "WINDOW_BYTES", self.piece)
            patch.setattr(encoding, "_PIECE", self.piece)
            patch.setattr(records, "_PIECE", self.piece)
            patch.setitem(blocks.Splitter.__init__.__kwdefaults__, "block_bytes", self.block)
        if self.cut:
            patch.setattr("loader.loading.run.worth_cutting", lambda file, *_: file.format == "csv")
