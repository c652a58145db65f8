"""When a request is sent again, and after which pause."""

from __future__ import annotations

import email.utils
import math
import random
from dataclasses import dataclass
from typing import Final

RETRIED_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
"""Too many requests, and faults of servers and gateways that pass. Any other refusal stays one."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a question is.

    Attributes:
        retries: attempts after the first one.
        first_delay_s: pause before the first of them, at most.
        factor: each further pause may be this many times longer.
        max_delay_s: none is longer, but for a server that asks for it.
    """

    retries: int = 2
    first_delay_s: float = 0.5
    factor: float = 2.0
    max_delay_s: float = 8.0

    def delay_s(self, failed: int, chance: random.Random) -> float:
        """Pause after `failed` (from 1) failed attempts: the upper half of it is chance, so that many clients spread."""
        longest = min(self.max_delay_s, self.first_delay_s * self.factor ** min(failed - 1, 64))
        return longest * chance.uniform(0.5, 1.0)


def retry_after_s(value: str | None, now_unix_s: float) -> float:
    """Seconds that a server asks to wait; 0 where it asks for nothing that can be read.

    Args:
        value: of the header Retry-After: seconds, or a date.
        now_unix_s: seconds since 1970.

    Source: RFC 9110, section 10.2.3.
    """
    if value is None:
        return 0.0
    try:
        wanted = float(value)
    except ValueError:
        try:
            wanted = email.utils.parsedate_to_datetime(value).timestamp() - now_unix_s
        except (ValueError, OverflowError):
            return 0.0
    return max(0.0, wanted) if not math.isnan(wanted) else 0.0
