"""MEASURED: how long a month takes, against the bare work in it. Run by `make bench`, never as a timed test."""
