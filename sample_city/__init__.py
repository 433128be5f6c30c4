"""A CITY TO TRY IT ON: writes deliveries as the departments would send them.

Here: the generator, deterministic in its seed. Not here: anything shared with the readers; it reads only the code
lists of data_contracts/reference/ as files, so that a reader's mistake cannot hide in the data made for it.
"""

from __future__ import annotations

from sample_city.city import DEFAULT_ENTERPRISES, Summary, generate
from sample_city.departments import CityError

__all__ = ["DEFAULT_ENTERPRISES", "CityError", "Summary", "generate"]
