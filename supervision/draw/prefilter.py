"""The bound that spares most subjects the sorting: an optimisation whose result must equal the plain ranking (DRAW §9).

Here: its integer arithmetic. Not here: the ranking itself (`selection`, sql/draw), nor what to do where it is too narrow.
"""

from __future__ import annotations

from math import isqrt

_ALL = 2**32


def first_digits(wanted: int, eligible: int) -> str:
    """Eight hexadecimal digits: the `wanted` lowest of `eligible` tickets begin with no more than these, save by
    a chance below one in a thousand million. ⌈(k + 6√k + 20) / N · 2³²⌉, at most ffffffff. DRAW §9.
    """
    root = isqrt(36 * wanted - 1) + 1 if wanted else 0  # 6√k rounded up
    bound = -(-(wanted + root + 20) * _ALL // max(eligible, 1))
    return f"{min(bound, _ALL - 1):08x}"
