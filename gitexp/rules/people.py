"""Who is a person of the lab: somebody in `humans:`, by address."""
from __future__ import annotations

import re
from collections.abc import Sequence

_ADDRESS = r'<([^<>]*)>\s*\Z'


def named(humans: Sequence[str], ident: str) -> bool:
    """Whether `ident`, as git says 'Name <address>', is one of `humans`, addresses or such idents; case does not matter."""
    given = address(ident)
    return bool(given) and any(address(one) == given for one in humans)


def address(ident: str) -> str:
    """The address of an ident in lower case; a text without one is taken for an address."""
    found = re.search(_ADDRESS, ident)
    return (found[1] if found else ident).strip().lower()
