"""What stands aside in a month, and what people do about it (R-18, FIELDS introduction).

Here: the quarantined rows and files as a person needs them (rows), corrections judged by the contract (correction),
corrected rows as deliveries (release), correction sheets for the producers (giving_back). The month's tables never
change: what people do is a chain of entries in the ledger `quarantine`. Not here: why a row is quarantined
(engines/contract_sql), the layout of a sheet (outbox/correction_sheet), what a terminal shows (pipelines/cli).
"""
