"""What the first line of a commit message must be on the branch of an experiment."""
from __future__ import annotations

import re

from gitexp.core.finding import Finding

# git makes these, and 'git rebase --autosquash' takes the first three away again.
_MADE_BY_GIT = re.compile(r'(fixup|squash|amend)! |Merge |Revert "|Reapply "')


def judge(slug: str, text: str) -> list[Finding]:
    """Judge a message without its comments; an empty one is git's to refuse."""
    first, *rest = text.strip('\n').split('\n')
    wanted = f'exp({slug}): '
    if not first or _MADE_BY_GIT.match(first):
        return []
    if not first.startswith(wanted) or not first.removeprefix(wanted).strip():
        return [_finding(slug, f"the message starts with '{first[:60]}'", _described(first))]
    if rest and rest[0].strip():
        return [_finding(slug, 'the first line of the message runs on into the second', _described(first))]
    return []


def _finding(slug: str, message: str, described: str) -> Finding:
    return Finding('message', 'COMMIT_EDITMSG', message, f"every commit on 'exp/{slug}'", f"git commit -m 'exp({slug}): {described}'")


def _described(first: str) -> str:
    """What the author meant, without a prefix of another form."""
    described = re.sub(r"^(?:[a-z]+|[A-Za-z]+\([^)]*\)):\s*|'", '', first).strip()
    return described[:60] or 'what changed, in one line'
