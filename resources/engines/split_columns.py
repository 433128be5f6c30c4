"""The columns of every table of a split: what an empty one looks like.

Here: Arrow schemas, equal to what the SELECTs give (a test holds them together), and that of a contract's accepted rows.
Not here: the SELECTs.
"""

from __future__ import annotations

import re

import pyarrow as pa

from data_contracts.model import Column, Contract

_TEXT, _COUNT, _FLAG, _TIME, _DAY = pa.string(), pa.int64(), pa.bool_(), pa.timestamp("us"), pa.date32()
_PLACE = [
    ("row_id", _TEXT), ("delivery_id", _TEXT), ("file_name", _TEXT), ("sheet", _TEXT), ("row_no", _COUNT),
    ("part_no", _COUNT), ("corrects_row_id", _TEXT), ("received_at", _TIME),
]  # fmt: skip

IDENTITY = pa.schema(  # the input, as sql/validated/identity.sql makes it
    [("basis", _TEXT), ("key_text", _TEXT), ("uid", _TEXT), ("uscc", _TEXT), ("party_name", _TEXT), ("matches", _COUNT)]
)
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


def accepted_columns(contract: Contract) -> pa.Schema:
    """The columns of a contract's accepted rows, in order."""
    columns = [(column.name, _arrow_type(column)) for column in contract.columns]
    columns += [("source", _TEXT), *_PLACE]
    columns += [("formed_on", _DAY)] if contract.formed_on else []
    columns += [("identity_basis", _TEXT)] if contract.identity else []
    columns += [("version_no", _COUNT), ("is_withdrawn", _FLAG), ("is_current", _FLAG), ("warnings", _TEXT)]
    return pa.schema(columns)


def _arrow_type(column: Column) -> pa.DataType:
    scaled = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", column.physical_type)
    if scaled:
        return pa.decimal128(int(scaled[1]), int(scaled[2]))
    return {"VARCHAR": _TEXT, "DATE": _DAY, "BIGINT": _COUNT, "BOOLEAN": _FLAG, "TIMESTAMP": _TIME}[
        column.physical_type
    ]
