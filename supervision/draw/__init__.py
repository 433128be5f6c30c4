"""The draw `ssj-draw-v1` (DRAW.md): from eight committed files, a beacon and a secret to who is drawn.

Here: committed files, commitment and key, quotas, capacity, selection; integers, SHA-256 and bytewise order only.
Not here: how a frame is made (SQL and assets), which inspectors go (`supervision.matching`), files and ledger.
"""

from __future__ import annotations

from supervision.draw.committed import EIGHT
from supervision.draw.selection import redraw

__all__ = ["EIGHT", "redraw"]
