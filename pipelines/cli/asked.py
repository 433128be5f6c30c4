"""What a person asks about on the command line: a subject as people type it, the round of a month.

For: the verbs that look at one subject or one round (proof, why). Not for: anything that changes a round.
"""

from __future__ import annotations

import unicodedata

from resources.bundles import Bundles
from resources.lake import LakeError
from resources.rounds import Rounds
from resources.settings import Home
from supervision.rounds import Round
from supervision.uid import canonical_uid


def subject_of(text: str) -> str:
    """The uid that was meant: lower case, full-width, spaces and a missing `R:` are put right; LakeError if it is none."""
    tidy = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    uid = canonical_uid(tidy, tidy.removeprefix("R:"))
    if uid is None:
        raise LakeError(f"“{text}”不是有效的统一社会信用代码（18 位）或注册号（15 位），校验码不符，请核对")
    return uid


def committed_round(home: Home, month: str) -> Round | None:
    """The newest committed round of the month, if one has been committed."""
    bundles = Bundles(home)
    known = [each for each in Rounds(home).all().values() if each.month == month and each.commitment is not None]
    known = [each for each in known if bundles.path(each.round_id).is_dir()]
    return max(known, key=lambda each: each.turn, default=None)
