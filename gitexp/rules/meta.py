"""Meta mode: a person opens what is frozen, for a while and on the record."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gitexp.git import repository
from gitexp.git.command import Git

JOURNAL = 'human_journal.md'
TRAILER = 'Meta-Mode'
WORD = 'META_MODE=1'
_ENTRY = re.compile(r'^##[ \t]+(.*?)[ \t]*$', re.MULTILINE)


class Meta(NamedTuple):
    """`entry` is what the trailer says; `missing` is why meta mode is off although it was asked for."""

    on: bool
    entry: str = '1'
    missing: str = ''


def of(git: Git, trunk_commit: str, environment: Mapping[str, str]) -> Meta:
    """Whether meta mode is on: META_MODE=1 in the environment and, where the trunk has a human journal, in its newest entry."""
    if environment.get('META_MODE') != '1':
        return Meta(False)
    blob, = repository.objects(git, [f'{trunk_commit}:{JOURNAL}'])
    if blob is None:
        return Meta(True)
    heading, text = newest(repository.blob(git, blob).decode('utf-8', 'replace'))
    if WORD in text:
        return Meta(True, heading or '1')
    return Meta(False, missing=f'META_MODE=1 is set, but the newest entry of {JOURNAL} on the trunk does not say {WORD}')


def newest(journal: str) -> tuple[str, str]:
    """The heading and the text of the uppermost '## ' entry; of a journal without entries the whole."""
    found = list(_ENTRY.finditer(journal))
    if not found:
        return '', journal
    end = found[1].start() if len(found) > 1 else len(journal)
    return found[0][1], journal[found[0].start():end]
