"""The hooks: what each is told by git, and the answer."""
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from gitexp.core import finding
from gitexp.core.errors import Failure, Refused, Usage
from gitexp.core.finding import Finding
from gitexp.git.command import Git
from gitexp.guard import fast, passed
from gitexp.lab.lab import Lab
from gitexp.rules import message, meta, ruleset, staged
from gitexp.rules.meta import Meta
from gitexp.rules.staged import Index

_BROUGHT = 'GITHEAD_'
_TAKEN_UP = ('CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply')


def run(name: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run a hook in the folder that git gave it; 0 lets git go on. Raises Failure for what cannot be judged."""
    hooks: dict[str, Callable[[Sequence[str], Path, Mapping[str, str]], list[Finding]]] = {
        'pre-commit': _pre_commit, 'pre-merge-commit': _pre_merge_commit, 'commit-msg': _commit_msg,
        'reference-transaction': _reference_transaction, 'pre-push': _pre_push,
    }
    if name not in hooks:
        raise Usage(f"there is no hook '{name}'", hint=f'one of {", ".join(hooks)}')
    found = hooks[name](words, folder, environment)
    if found:
        _tell(found, _left(folder, found, environment) if name == 'reference-transaction' else '')
    return 1 if found else 0


def _pre_commit(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    """The stub names the file with what it has asked git already, if it has."""
    return _staged(Index.at(folder), folder, environment, _read(folder / words[0]) if words else None)


def _pre_merge_commit(_words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    """A merge without conflicts; git says what it brings in only by the names of variables, in no order, as there is no MERGE_HEAD yet."""
    brought = tuple(name.removeprefix(_BROUGHT) for name in environment if name.startswith(_BROUGHT))
    return _staged(Index.at(folder)._replace(merged=brought), folder, environment)


def _staged(index: Index, folder: Path, environment: Mapping[str, str], seen: bytes | None = None) -> list[Finding]:
    try:
        lab = Lab.find(folder)
    except Failure as error:
        from gitexp.guard import beginning
        if beginning.commits(index, error, environment):
            return []
        raise
    rules = ruleset.of(lab.config, b'')
    fast.keep(lab, rules)
    mode = _meta(lab, environment)
    if mode.on:
        from gitexp.guard import beginning
        beginning.check(index, rules)
    changes = staged.changes(rules, index, seen)
    found = staged.findings(lab, index, meta=mode.on, seen=changes)
    if not found and not mode.on:
        passed.keep(lab, index, changes)
    return _explained(found, mode)


def _meta(lab: Lab, environment: Mapping[str, str]) -> Meta:
    return meta.of(lab.git, lab.trunk_commit, environment, lab.config.humans)


def _explained(found: list[Finding], mode: Meta) -> list[Finding]:
    if not mode.missing or not found:
        return found
    return [*found, Finding('meta', mode.place, mode.missing, way=mode.way)]


def _commit_msg(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    index = Index.at(folder)
    found = [] if index.merged else _worded(index, folder / words[0])
    if not found and environment.get('META_MODE') == '1':
        _mark(index, folder, words[0], environment)
    return found


def _worded(index: Index, path: Path) -> list[Finding]:
    """The message is for who reads the branch later; what git words itself when it takes up a commit again is left alone."""
    if not (index.branch or '').startswith('exp/') or any((index.folder / name).exists() for name in _TAKEN_UP):
        return []
    text = index.git.ask('stripspace', '--strip-comments', feed=_read(path)).text
    return message.judge(str(index.branch).removeprefix('exp/'), text)


def _mark(index: Index, folder: Path, path: str, environment: Mapping[str, str]) -> None:
    """Put the trailer on a commit that is made in meta mode."""
    try:
        lab = Lab.find(folder)
    except Failure:
        return  # What is let through without a lab begins one, or mends it.
    mode = _meta(lab, environment)
    if mode.on:
        if not _read(folder / path).endswith(b'\n'):  # As git words a merge; the trailer would stand right below.
            with (folder / path).open('ab') as file:
                file.write(b'\n')
        index.git.ask('interpret-trailers', '--in-place', '--if-exists', 'replace', '--trailer', f'{meta.TRAILER}: {mode.entry}', path)


def _reference_transaction(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    from gitexp.guard import beginning, moved
    git = Git(folder)
    moves = moved.read(git, _told()) if words[:1] == ['prepared'] else []
    if not moves:
        return []
    try:
        lab = Lab.find(folder)
    except Failure as error:
        if beginning.moves(git, moves, error, environment):
            return []
        raise
    fast.keep(lab, ruleset.of(lab.config, b''))
    mode = _meta(lab, environment)
    return _explained(moved.findings(lab, moves, meta=mode.on), mode)


def _left(folder: Path, found: Sequence[Finding], environment: Mapping[str, str]) -> str:
    from gitexp.guard import moved
    return f"hint: {moved.left(folder, found, meta=environment.get('META_MODE') == '1')}"


def _pre_push(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    lab = Lab.find(folder)
    from gitexp.guard import push  # Costs time, and the other hooks run at every commit.
    updates = list(push.updates(_told(), environment))
    mode = _meta(lab, environment)
    return _explained(push.findings(lab, ruleset.fresh(lab), updates, remote=words[0] if words else '', meta=mode.on), mode)


@cache
def _told() -> bytes:
    """What git feeds the hook, which can be read only once, while the hook may have to be run again with more modules at hand."""
    return sys.stdin.buffer.read()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot read '{path}': {error.strerror}") from None


def _tell(found: Sequence[Finding], hint: str) -> None:
    text = ''.join(f'{line}\n' for line in ['gitexp: refused', *finding.told(found), *([hint] if hint else [])])
    sys.stderr.buffer.write(text.encode('utf-8', 'surrogateescape'))
