"""WHAT IT TOUCHES: lake, engines, inbox, ledger, clock, settings and outbox; the only place with files and time.

Here: input and output behind small interfaces. Not here: rules (supervision/), and nothing that knows of Dagster assets.
"""
