"""WHAT is promised: an ODCS contract for every source and every output, and the calendars and lists they rest on.

Here: YAML and CSV that a person may change, and the typed loader. Not here: anything that reads a delivery or a table.
"""
