"""Meta mode: a person opens what is frozen, for a while and on the record."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import FILE

JOURNAL = 'human_journal.md'
TRAILER = 'Meta-Mode'
WORD = 'META_MODE=1'
_ENTRY = re.compile(r'^##[ \t]+(.*?)[ \t]*$', re.MULTILINE)


class Meta(NamedTuple):
    """`entry` is what the trailer says; `missing` is why meta mode is off though asked for, `way` what to do about it in `place`."""

    on: bool
    entry: str = '1'
    missing: str = ''
    way: str = ''
    place: str = JOURNAL


def of(git: Git, trunk_commit: str, environment: Mapping[str, str], humans: Sequence[str] = ()) -> Meta:
    """Whether meta mode is on: META_MODE=1 in the environment and, where the trunk has a human journal, in its newest entry.

    Where there are `humans`, the committer must be one of them.
    """
    if environment.get('META_MODE') != '1':
        return Meta(False)
    if humans and (stranger := _stranger(git, humans)):
        return Meta(False, missing=f"{WORD} is set, but '{stranger}', who commits, is not one of the humans in {FILE}",
                    way='a person who is listed commits it', place=FILE)
    blob, = repository.objects(git, [f'{trunk_commit}:{JOURNAL}'])
    if blob is None:
        return Meta(True)
    heading, text = newest(repository.blob(git, blob).decode('utf-8', 'replace'))
    if WORD in text:
        return Meta(True, heading or '1')
    return Meta(False, missing=f'{WORD} is set, but the newest entry of {JOURNAL} on the trunk does not say {WORD}',
                way=f'a person adds an entry with {WORD} on the trunk')


def is_said(git: Git, commit: str) -> bool:
    """Whether a commit says that it was made in meta mode."""
    return bool(git.ask('log', '-1', '--no-show-signature', f'--format=%(trailers:key={TRAILER},valueonly)', commit, '--').text.strip())


def _stranger(git: Git, humans: Sequence[str]) -> str:
    """Who commits here, when that is not one of the humans."""
    from gitexp.rules import people  # Only meta mode asks.
    ident = git.run('var', 'GIT_COMMITTER_IDENT').text.rpartition('>')[0] + '>'
    return '' if people.named(humans, ident) else ident


def newest(journal: str) -> tuple[str, str]:
    """The heading and the text of the uppermost '## ' entry; of a journal without entries the whole."""
    found = list(_ENTRY.finditer(journal))
    if not found:
        return '', journal
    end = found[1].start() if len(found) > 1 else len(journal)
    return found[0][1], journal[found[0].start():end]
