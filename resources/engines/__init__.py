"""WHERE TABLES ARE JOINED: DuckDB in memory, the SQL generated from contracts, and the lint of all SQL.

Here: engines behind one interface (another engine stands beside `duckdb_engine`). Not here: SQL files (sql/), where
tables lie (lake), rules (supervision/).
"""
