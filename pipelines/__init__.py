"""WHEN and HOW it runs: definitions, jobs, schedules, sensors, partitions, checks and the command line.

Here: wiring. Not here: what an asset computes (assets/) and by which rule (supervision/).
"""
