"""The hooks: what each is told by git, and the answer."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from gitexp.core.errors import Failure, Refused, Usage
from gitexp.core.finding import Finding
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import fast, message, meta, ruleset, staged
from gitexp.rules.meta import Meta
from gitexp.rules.staged import Index

_SHOWN_WHOLE = 10
_TAKEN_UP = ('CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply')


def run(name: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run a hook in the folder that git gave it; 0 lets git go on. Raises Failure for what cannot be judged."""
    hooks: dict[str, Callable[[Sequence[str], Path, Mapping[str, str]], list[Finding]]] = {
        'pre-commit': _pre_commit, 'commit-msg': _commit_msg, 'pre-push': _pre_push,
    }
    if name not in hooks:
        raise Usage(f"there is no hook '{name}'", hint=f'one of {", ".join(hooks)}')
    found = hooks[name](words, folder, environment)
    if found:
        _tell(found)
    return 1 if found else 0


def _pre_commit(_words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    index = Index.at(folder)
    try:
        lab = Lab.find(folder)
    except Failure as error:
        if _is_beginning(index) or _is_mending(index, error, environment):
            _readable(index)
            return []
        raise
    fast.keep(lab, ruleset.of(lab.config, b''))
    mode = meta.of(lab.git, lab.trunk_commit, environment)
    if mode.on:
        _readable(index)
    return _explained(staged.findings(lab, index, meta=mode.on), mode)


def _is_beginning(index: Index) -> bool:
    """Whether a lab is being made: the trunk has no gitexp.yaml yet, and what is committed brings one, or HEAD has it."""
    names = [f'refs/heads/{name}{path}' for name in _trunks(index.git) for path in ('', f':{FILE}')]
    *found, staged_one, had = repository.objects(index.git, [*names, f':{FILE}', f'HEAD:{FILE}'])
    if any(found[1::2]) or index.head and not any(found[::2]):
        return False  # A trunk that is gone has taken the rules along; that is no beginning.
    return bool(staged_one or had)


def _trunks(git: Git) -> list[str]:
    told = git.run('config', '--get', 'gitexp.trunk').text
    return [told] if told else ['main', 'master']


def _is_mending(index: Index, error: Failure, environment: Mapping[str, str]) -> bool:
    """Whether a gitexp.yaml that cannot be read is put right, alone and in meta mode."""
    if not isinstance(error, Usage) or environment.get('META_MODE') != '1' or not index.head:
        return False
    return [change.path for change in index.changes(())] == [FILE]


def _readable(index: Index) -> None:
    """A gitexp.yaml that changes must be one that can be read, or nothing could be committed any more."""
    old, new = repository.objects(index.git, [f'HEAD:{FILE}', f':{FILE}'])
    if new is None or new == old:
        return
    ruleset.read(index.git, new)


def _explained(found: list[Finding], mode: Meta) -> list[Finding]:
    if not mode.missing or not found:
        return found
    return [*found, Finding('meta', meta.JOURNAL, mode.missing, way=f'a person adds an entry with {meta.WORD} on the trunk')]


def _commit_msg(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    index = Index.at(folder)
    found = _pre_commit(words, folder, environment) if index.others else _worded(index, folder / words[0])
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
    mode = meta.of(lab.git, lab.trunk_commit, environment)
    if mode.on:
        index.git.ask('interpret-trailers', '--in-place', '--if-exists', 'replace', '--trailer', f'{meta.TRAILER}: {mode.entry}', path)


def _pre_push(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    lab = Lab.find(folder)
    from gitexp.rules import push  # Costs time, and the other hooks run at every commit.
    rules = ruleset.fresh(lab)  # Before what git says is read: this may start Python once more, and it can be read only once.
    updates = list(push.updates(sys.stdin.buffer.read(), environment))
    mode = meta.of(lab.git, lab.trunk_commit, environment)
    return _explained(push.findings(lab, rules, updates, remote=words[0] if words else '', meta=mode.on), mode)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot read the message '{path}': {error.strerror}") from None


def _tell(found: Iterable[Finding]) -> None:
    """In full for a few, one line each past ten."""
    found = list(found)
    lines = [line for one in found for line in (one.lines() if len(found) <= _SHOWN_WHOLE else one.lines()[:1])]
    sys.stderr.buffer.write(''.join(f'{line}\n' for line in ['gitexp: refused', *lines]).encode('utf-8', 'surrogateescape'))
