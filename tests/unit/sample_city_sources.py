"""What the sample city delivers in its first month: every connected source but one.

For the tests of the generator. Not here: what a source holds.
"""

from __future__ import annotations

from data_contracts.registry import sources

# A county sends its workbook back for a round that was drawn; before the first round nobody has one. Its rows, keys and
# faults are tested where rounds were drawn (test_sample_city_rounds).
AFTER_A_ROUND = "county_return"
FIRST_MONTH = frozenset(source.name for source in sources() if source.connected) - {AFTER_A_ROUND}
