"""WHAT exists: thin Dagster assets, one module per stage of the month.

Here: read inputs, call one rule or one SQL file, return the result with its metadata.
Not here: rules (supervision/), joins (sql/), files and engines (resources/), when it runs (pipelines/).
"""
