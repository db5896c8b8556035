"""Who counts as a person of the lab."""
from __future__ import annotations

import pytest

from gitexp.rules import people

HUMANS = ('Ada Lovelace <ADA@example.org>', 'grace@example.org')


@pytest.mark.parametrize(('ident', 'named'), [
    ('Ada <ada@example.org>', True),
    ('Somebody Else <ada@EXAMPLE.org>', True),
    ('Grace <grace@example.org>', True),
    ('grace@example.org', True),
    ('Ada Lovelace <bot@example.org>', False),
    ('ada@example.org <bot@example.org>', False),
    ('<ada@example.org> <bot@example.org>', False),
    ('Ada Lovelace', False),
    ('Ada <>', False),
    ('', False),
])
def test_the_address_counts_and_not_the_name(ident: str, named: bool) -> None:
    assert people.named(HUMANS, ident) == named


def test_nobody_is_named_where_nobody_is() -> None:
    assert not people.named((), 'Ada <ada@example.org>') and not people.named(('Ada <>', ''), '')
