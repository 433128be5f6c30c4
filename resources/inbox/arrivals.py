"""Which deliveries of the inbox are new and whole: what a sensor asks every half minute.

Here: `arrivals`. Not here: what follows from one (pipelines/sensors). A folder that is still being copied in has no
manifest, or a file that does not fit it yet: it is looked at again next time, and said.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from resources.inbox.errors import InboxError
from resources.inbox.manifest import Delivery, delivery_folders, read_delivery

DIGITS = 32
MOST_BYTES = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Arrivals:
    """fresh: (digest, delivery) seen for the first time; known: digests of all whole deliveries; waiting: sentences."""

    fresh: tuple[tuple[str, Delivery], ...]
    known: tuple[str, ...]
    waiting: tuple[str, ...]


def arrivals(inbox: Path, seen: Collection[str], *, most_bytes: int = MOST_BYTES) -> Arrivals:
    """Look through the inbox; bytes are compared with the manifest only where the digest is not among `seen`.

    most_bytes: when so many have been compared, the rest is left for the next look (a sensor has a minute).
    """
    fresh: dict[str, Delivery] = {}
    known: set[str] = set()
    waiting: list[str] = []
    compared = 0
    for folder in delivery_folders(inbox) if inbox.is_dir() else []:
        try:
            delivery = read_delivery(folder)
            digest = delivery.digest[:DIGITS]
            if digest not in seen and digest not in fresh:
                if compared >= most_bytes:
                    continue
                compared += sum(file.path.stat().st_size for file in delivery.files)
                for file in delivery.files:
                    file.verify()
                fresh[digest] = delivery
        except InboxError as error:
            waiting.append(str(error))
            continue
        known.add(digest)
    return Arrivals(tuple(fresh.items()), tuple(sorted(known)), tuple(waiting))
