"""How often and how long a pull tries again, the same for databases and interfaces.

Here: `Dropped` (what may go better next time) and `Patience`. Not here: which fault is which (fronts, http).
"""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from resources.inbox.connections import PullError


class Dropped(Exception):
    """A connection or answer failed in a way that may pass. `wait`: seconds that the other side asked for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """`reason`: Chinese, without address, account or token."""
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts` per page; waits double from `first_wait` to `longest_wait` seconds, with jitter."""

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def retrying(self) -> Retrying:
        """A fresh tenacity loop that raises the last `Dropped` when patience ends."""
        backoff = wait_exponential_jitter(multiplier=self.first_wait, max=self.longest_wait, jitter=self.first_wait)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, Dropped) else None
            return backoff(state) if asked is None else asked

        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait,
            retry=retry_if_exception_type(Dropped),
            reraise=True,
        )


def given_up(error: Dropped, patience: Patience) -> PullError:
    """What a person reads when patience has ended."""
    return PullError(
        f"{error}，试了 {patience.attempts} 次仍不成功：本次取数作废，没有写入任何内容，请核对网络与对方系统后重新取数。"
    )
