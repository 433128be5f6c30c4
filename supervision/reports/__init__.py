"""What a report says: marks and words, thresholds, and what may not stand in a public file.

Here: pure functions and tables of words. Not here: files, workbooks (resources/outbox), queries.
"""
