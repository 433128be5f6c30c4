"""WHAT DEPARTMENTS DELIVER: folders with a manifest, and the files in them as tables of text.

Here: manifests read strictly, digests, files read by their content (xlsx, xls, Excel 2003 XML, CSV, Parquet, zip of
these), headers matched to a contract, rows counted and none lost; reading in a process of its own (sandbox); databases
and web services of departments drawn into deliveries. Not here: conversion to types and quarantine of rows
(engines/contract_sql), keeping received files (lake), which deliveries belong to a run (assets).
"""

from __future__ import annotations

from resources.inbox.errors import Drift, DriftError, InboxError
from resources.inbox.manifest import DeliveredFile, Delivery, delivery_folders, find_deliveries, read_delivery
from resources.inbox.reading import RawTable, SheetCount, read_file

__all__ = [
    "DeliveredFile",
    "Delivery",
    "Drift",
    "DriftError",
    "InboxError",
    "RawTable",
    "SheetCount",
    "delivery_folders",
    "find_deliveries",
    "read_delivery",
    "read_file",
]
