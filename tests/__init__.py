"""The tests: unit (no Dagster, seconds), graph, e2e (real processes), faults, golden; long ones wait for make test-long."""
