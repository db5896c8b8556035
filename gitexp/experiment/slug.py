"""The names of experiments and of bugs."""
from __future__ import annotations

import re

from gitexp.core.errors import Usage

LONGEST = 50
IMPORTED = 'imported'
RESERVED = {'baseline': 'the unchanged trunk', IMPORTED: 'what git exp import brings'}
_SHAPE = re.compile(r'[a-z0-9]+(-[a-z0-9]+)*')
_RULE = 'lower-case letters, digits and single hyphens'


def check(text: str, what: str = 'slug') -> str:
    """Return the text when it is a slug; raises Usage that names the nearest slug."""
    if _SHAPE.fullmatch(text) is None:
        raise Usage(f"'{text}' is not a {what}: {_RULE}", hint=_try(text))
    if len(text) > LONGEST:
        raise Usage(f"'{text}' is not a {what}: {len(text)} characters, {LONGEST} at most", hint=_try(text))
    if text in RESERVED:
        raise Usage(f"'{text}' is not a {what}: gitexp uses it for {RESERVED[text]}", hint=f"try '{text}-2'")
    return text


def shaped(text: str) -> bool:
    """Whether it is a slug in form; the trunk's own is."""
    return _SHAPE.fullmatch(text) is not None and len(text) <= LONGEST


def near(text: str) -> str:
    """The slug that was probably meant: 'Higher Order' or '1_ideas/2026-01-31_higher-order.md' give 'higher-order'; '' when none is."""
    import unicodedata  # Only who mistyped waits for it.
    text = text.rsplit('/', 1)[-1].removesuffix('.md')
    text = re.sub(r'^\d{4}-\d{2}-\d{2}[-_ ]', '', text)
    plain = unicodedata.normalize('NFKD', text).encode('ascii', 'ignore').decode().lower()
    words = re.sub(r'[^a-z0-9]+', '-', plain).strip('-')
    return words[:LONGEST].strip('-')


def _try(text: str) -> str:
    found = near(text)
    return f"try '{found}'" if found else "such as 'higher-order'"
