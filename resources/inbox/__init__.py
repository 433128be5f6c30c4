"""WHAT DEPARTMENTS DELIVER: folders with a manifest, and the files in them as tables of text.

Here: manifests read strictly, digests, files read by their content (xlsx, xls, CSV, Parquet), headers matched to a
contract, rows counted and none lost. Not here: conversion to types and quarantine (engines/contract_sql), keeping
received files (lake), which deliveries belong to a run (assets).
Files are read in this process. They are measured first (see `measure`), which stops mistakes and plain bombs; it is
no sandbox against a file crafted to deceive the measuring itself.
"""

from __future__ import annotations

from resources.inbox.errors import InboxError
from resources.inbox.manifest import DeliveredFile, Delivery, delivery_folders, find_deliveries, read_delivery
from resources.inbox.reading import RawTable, read_file

__all__ = [
    "DeliveredFile",
    "Delivery",
    "InboxError",
    "RawTable",
    "delivery_folders",
    "find_deliveries",
    "read_delivery",
    "read_file",
]
