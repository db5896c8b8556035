"""The plan that an experiment starts with."""
from __future__ import annotations

import importlib
from pathlib import Path

FILE = 'PLAN.md'
_IDEA = '<!-- What is tried, and why should it help? -->'


def plan(slug: str, *, idea: str | None, date: str) -> bytes:
    """PLAN.md with the goal filled in where it is known."""
    home = Path(str(importlib.import_module('gitexp._templates').__file__)).parent
    text = (home / 'experiment' / FILE).read_text(encoding='utf-8')
    return text.replace('{slug}', slug).replace('{date}', date).replace('{idea}', idea or _IDEA).encode('utf-8', 'surrogateescape')
