"""What of the experiments the trunk has in it."""
from __future__ import annotations

import re
from collections.abc import Collection

from gitexp.git import history, repository
from gitexp.lab.lab import Lab

_NAME = re.compile('[0-9a-f]{40,64}|refs/.*', re.S)  # In a row may stand anything.


def commits(lab: Lab, names: Collection[str | None]) -> set[str]:
    """Those of some commits that the trunk has in its history; what is no commit here is not among them.

    It costs no git process where none is named, and no look at 1,000 refs, which takes 10 ms.
    """
    asked = sorted({name for name in names if name and _NAME.fullmatch(name)})
    found = zip(asked, repository.objects(lab.git, [f'{name}^{{commit}}' for name in asked])) if asked else ()
    known = {name: commit for name, commit in found if commit}
    apart = history.apart(lab.git, lab.trunk_commit, known.values()) if known else ()
    return {name for name, commit in known.items() if commit not in apart}


def folders(lab: Lab) -> list[str]:
    """The experiments whose folder the trunk has: a merge may have been reverted."""
    return lab.git.run('ls-tree', '--name-only', f'{lab.trunk_commit}:{lab.config.paths.experiments}').text.split('\n')


def has(lab: Lab, slug: str, commit: str | None) -> bool:
    """Whether the trunk has a commit of an experiment, and its folder."""
    return bool(commits(lab, [commit])) and slug in folders(lab)
