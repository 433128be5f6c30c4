"""Great Expectations as a second judge of the tables: suites generated from the contracts.

Here: contract -> expectations (suites), and one table judged (judge). Great Expectations is imported inside functions
only: it costs two seconds or more. Not here: which rows are quarantined (resources/engines/contract_sql.py keeps that
record; a GX result lists a few rows at most), and the wiring into asset checks.
"""
