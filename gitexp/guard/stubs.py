"""The text of the hooks: templates of the package, with the paths of one installation put in."""
from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import gitexp
from gitexp.core.shell import quoted
from gitexp.core.tuples import NamedTuple

MARK = '# gitexp hook '
OURS = ('pre-commit', 'pre-merge-commit', 'commit-msg', 'reference-transaction', 'pre-push')
SHARED = 'gitexp.sh'
# githooks(5); some of them change what git does by being there, so that only those which somebody else has are passed on.
KNOWN = frozenset(
    'applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg post-commit pre-rebase '
    'post-checkout post-merge pre-push pre-receive update proc-receive post-receive post-update reference-transaction push-to-checkout '
    'pre-auto-gc post-rewrite sendemail-validate fsmonitor-watchman p4-changelist p4-prepare-changelist p4-post-changelist '
    'p4-pre-submit post-index-change'.split(),
)
_ENTRY = Path('gitexp') / 'guard' / 'entry.py'
_SETTING = re.compile(r"^(\w+)=('(?:[^']|'\\'')*')$", re.MULTILINE)


class Origin(NamedTuple):
    """The Python and the folder of packages that the hooks run, and the folder of the hooks that were there before."""

    python: str
    package: str
    chained: str

    @staticmethod
    def here(chained: str) -> Origin:
        """This very gitexp."""
        return Origin(sys.executable, str(Path(gitexp.__file__).resolve().parent.parent), chained)

    @staticmethod
    def read(text: str) -> Origin | None:
        """What a written file says, None when it says too little."""
        values = said(text)
        return Origin(*map(values.__getitem__, Origin._fields)) if values.keys() >= {*Origin._fields} else None

    @property
    def is_there(self) -> bool:
        return Path(self.python).is_file() and (Path(self.package) / _ENTRY).is_file()


def texts(origin: Origin, passed: frozenset[str]) -> dict[str, str]:
    """Every file of the hooks folder by name; `passed` are hooks that are not ours and go on being called."""
    made = {name: filled(name, origin._asdict()) for name in (*OURS, SHARED)}
    return made | dict.fromkeys(passed - set(OURS), filled('passing', {}))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text of a hook with settings put in."""
    text = (Path(import_module('gitexp._hooks').__path__[0]) / template).read_text()
    for name, value in values.items():
        text = text.replace(f'@{name}@', quoted(value), 1)
    return text


def said(text: str) -> dict[str, str]:
    """The settings in the text of a hook."""
    return {name: value[1:-1].replace("'\\''", "'") for name, value in _SETTING.findall(text)}
