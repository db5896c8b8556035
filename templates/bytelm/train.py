"""A byte-level language model: how often each byte followed each context, long contexts first.

eval.py calls `train` once and then asks `Model.predict` before every byte that it scores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

ORDER = 4  # the longest context, in bytes
ESCAPE = 3.0  # how readily a context defers to the next shorter one

Followers = dict[bytes, bytearray]


class Share(NamedTuple):
    """What one context says of the next byte, and how much it leaves to shorter contexts."""

    chances: list[tuple[int, float]]
    rest: float


class Model:
    def __init__(self, followers: Followers) -> None:
        self._followers = followers
        self._shares: dict[bytes, Share] = {}

    def predict(self, past: bytes) -> list[float]:
        """Give each of the 256 bytes its probability of coming next, `past` being the file so far."""
        shares, left = [], 1.0
        for start in range(max(0, len(past) - ORDER), len(past) + 1):
            if past[start:] in self._followers:
                share = self._share(past[start:])
                shares.append((left, share.chances))
                left *= share.rest
        distribution = [left / 256] * 256
        for weight, chances in shares:
            for byte, chance in chances:
                distribution[byte] += weight * chance
        return distribution

    def _share(self, context: bytes) -> Share:
        if context not in self._shares:
            self._shares[context] = witten_bell(Counter(self._followers[context]))
        return self._shares[context]


def train(data: bytes, seed: int) -> Model:
    """Learn from `data`; nothing here is random, so the seed matters only through the sample."""
    followers: Followers = defaultdict(bytearray)
    for order in range(ORDER + 1):
        for end in range(order, len(data)):
            followers[data[end - order:end]].append(data[end])
    return Model(dict(followers))


def witten_bell(counts: Counter[int]) -> Share:
    """Leave to shorter contexts in proportion to the distinct bytes seen (Witten and Bell, 1991)."""
    escape = ESCAPE * len(counts)
    total = counts.total() + escape
    return Share([(byte, count / total) for byte, count in counts.items()], escape / total)
