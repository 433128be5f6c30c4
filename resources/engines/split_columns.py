"""The columns of every table of a split whose shape does not depend on the contract: what an empty one looks like.

Here: Arrow schemas, equal to what the SELECTs give (a test holds them together). Not here: accepted rows (the contract).
"""

from __future__ import annotations

import pyarrow as pa

_TEXT, _COUNT, _FLAG, _TIME, _DAY = pa.string(), pa.int64(), pa.bool_(), pa.timestamp("us"), pa.date32()
_PLACE = [
    ("row_id", _TEXT), ("delivery_id", _TEXT), ("file_name", _TEXT), ("sheet", _TEXT), ("row_no", _COUNT),
    ("part_no", _COUNT), ("corrects_row_id", _TEXT), ("received_at", _TIME),
]  # fmt: skip

IDENTIFIED = pa.schema(
    [
        ("identified_id", _TEXT),
        ("found_uscc", _TEXT),
        ("found_basis", _TEXT),
        ("is_empty", _FLAG),
        ("candidates", _TEXT),
    ]
)
JUDGED = pa.schema([*_PLACE, ("is_broken", _FLAG), ("warnings", _TEXT), ("rule_ids", _TEXT), ("reasons", _TEXT)])
REPEATED = pa.schema([("key_text", _TEXT)])
RIVALS = pa.schema([("rival_id", _TEXT)])
VERSIONS = pa.schema(
    [
        *_PLACE,
        *[("key_text", _TEXT), ("is_withdrawal", _FLAG), ("role", _TEXT), ("version_no", _COUNT), ("is_last", _FLAG)],
        ("duplicate_of", _TEXT),
    ]
)
QUARANTINED = pa.schema(
    [
        *[("source", _TEXT), *_PLACE, ("formed_on", _DAY), ("rule_ids", _TEXT), ("reasons", _TEXT)],
        *[("raw_cells", _TEXT), ("candidates", _TEXT)],
    ]
)
DUPLICATES = pa.schema([("source", _TEXT), *_PLACE, ("duplicate_of", _TEXT)])
SUSPECTS = pa.schema([("suspect", _TEXT)])
DRIFT = pa.schema(
    [
        *[
            ("source", _TEXT),
            ("delivery_id", _TEXT),
            ("file_name", _TEXT),
            ("column_name", _TEXT),
            ("drift_kind", _TEXT),
        ],
        *[("filled_cells", _COUNT), ("broken_cells", _COUNT)],
    ]
)
RECORD = pa.schema(
    [
        *[
            ("source", _TEXT),
            *_PLACE[:5],
            ("key_text", _TEXT),
            ("uid", _TEXT),
            ("formed_on", _DAY),
            ("published_on", _DAY),
        ],
        *[("document_number", _TEXT), ("received_at", _TIME), ("version_no", _COUNT), ("is_withdrawn", _FLAG)],
        ("is_current", _FLAG),
    ]
)
