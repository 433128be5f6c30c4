"""What leaves the house: workbooks for the offices and the public list, each document in its own module.

Here: layout and writing, atomically and with the same bytes for the same input. Not here: what a report says
(supervision/reports), computing its rows (sql/, assets/), or deciding who may read it.
"""
