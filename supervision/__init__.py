"""THE RULES: working days, policy, draw, matching, ceremony, tasks and what a report says.

Here: pure functions; time, seed and tables are arguments, each rule cites its clause.
Not here: Dagster, DuckDB, files, network, the clock.
"""
