"""Everything that is known of one subject in one month, put together for those entitled to it (R-38).

For: reading the month's tables and the round's bundle, and saying in words what they hold of one subject. Not for:
deciding anything, writing anything, nor for more than one subject at a time. What is said here is internal.
"""

from __future__ import annotations

from resources.explaining.month import NotFound, Section, SubjectMonth
from resources.explaining.register import register_sections, where_last_seen
from resources.explaining.round import round_sections
from resources.explaining.visit import visit_sections
from resources.settings import Home

__all__ = ["NotFound", "Section", "explain"]


def explain(home: Home, month: str, uid: str) -> list[Section]:
    """The sections, in reading order; NotFound says in one sentence where a subject of no table was last seen."""
    subject = SubjectMonth(home, month, uid)
    if subject.row is None:
        raise NotFound(where_last_seen(subject))
    return [*register_sections(subject), *round_sections(subject), *visit_sections(subject)]
