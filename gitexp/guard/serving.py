"""The hook of a server, in a bare repository: put there with all that it needs, mended, and taken out.

core.hooksPath of the repository itself names the folder of the hooks, so that no configuration of who pushes can name another one.
The path is relative, since the repository may be moved, and has a step '.git', since no worktree can hold a folder of that name.
It counts from where git receives a push, which for one to a linked worktree is below 'worktrees': there another path holds.
"""
from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository, settings
from gitexp.git.command import Git
from gitexp.guard import judged, server, shipped, stubs
from gitexp.lab.config import FILE

FOLDER = 'exp/server/.git'
_KEY = 'core.hooksPath'
# Two steps up from worktrees/NAME; './' is where the configuration lies, so that this holds for a repository that was moved, too.
_LINKED, _INCLUDED, _UPWARDS = 'includeIf.gitdir:./worktrees/.path', 'exp/server/linked', f'../../{FOLDER}'
_CHECKED = 'receive.fsckObjects'  # A tree or commit that no git makes says one thing to one program, and another to the next.
_BEFORE = 'gitexp.hooksPath'
HOOKS = ('pre-receive', 'update', 'reference-transaction', 'post-receive')
_ALWAYS = ('post-update',)


class Settings(NamedTuple):
    """What is written into the hook, where nobody who pushes can change it.

    `identity` names the environment variable in which the server says who pushes, '' for none; `search` is the PATH, `keys`
    the keyring of gpg, and `chained` the folder of the hooks that were there before.
    """

    python: str
    package: str
    trunk: str
    identity: str
    search: str
    keys: str
    chained: str


def install(folder: Path, *, trunk: str | None = None, identity: str | None = None) -> list[str]:
    """Put the hook into the bare repository around a folder, or mend it; what is not told stays as it was.

    Returns what is worth telling. Raises Usage for a gitexp.yaml that cannot be read.
    """
    bare = _bare(folder)
    git, before = Git(bare), installed(bare)
    trunk = trunk or (before.trunk if before else _trunk(git))
    known = (before.identity if before else '') if identity is None else identity
    notes = _guarded(git, trunk, known)
    wanted = Settings(
        os.path.realpath(sys.executable), shipped.put(bare), trunk,
        known, _search(), os.environ.get('GNUPGHOME') or str(Path.home() / '.gnupg'), _earlier(git, before),
    )
    for name, text in _texts(bare, wanted).items():
        shipped.write(bare / FOLDER / name, text.encode('utf-8', 'surrogateescape'))
        (bare / FOLDER / name).chmod(0o755)
    shipped.write(bare / _INCLUDED, f'[core]\n\thooksPath = {_UPWARDS}\n'.encode())
    for key, value in ((_KEY, FOLDER), (_LINKED, _INCLUDED), (_CHECKED, 'true')):
        settings.write(git, key, value)
    shipped.tidy(bare, wanted.package)
    return [*notes, *elsewhere(bare)]


def installed(bare: Path) -> Settings | None:
    """What the hook there says, None where there is none of ours."""
    try:
        text = (bare / FOLDER / 'pre-receive').read_text('utf-8', 'surrogateescape')
    except OSError:
        return None
    said = stubs.said(text)
    return Settings(**said) if set(said) == set(Settings._fields) else None


def stale(bare: Path) -> list[str]:
    """The hooks there that are missing, or not as they would be written now."""
    there = installed(bare)
    wanted = _texts(bare, there) if there else {'pre-receive': ''}
    return [name for name, text in wanted.items() if not _is(bare / FOLDER / name, text)]


def elsewhere(bare: Path) -> list[str]:
    """Where a push can arrive and git would not run these hooks, by what git itself says."""
    told = ((one, _hooks(one)) for one in (bare, *sorted(path.parent for path in bare.glob('worktrees/*/HEAD'))))
    ours = (None, os.path.realpath(bare / FOLDER))
    return [f"a push to '{one}' is not judged, since git looks for hooks in '{at}'" for one, at in told if at not in ours]


def is_here(folder: Path) -> bool:
    """Whether a folder is in a bare repository with the hook of a server."""
    try:
        return (_bare(folder) / FOLDER).is_dir()
    except Refused:
        return False


def remove(folder: Path) -> None:
    """Take the hook out, and leave core.hooksPath as it was found."""
    bare = _bare(folder)
    git = Git(bare)
    before = settings.read(git, _BEFORE)
    if settings.read(git, _KEY) == FOLDER:
        if before:
            settings.write(git, _KEY, before)
        else:
            settings.unset(git, _KEY)
    settings.unset(git, _BEFORE)
    settings.unset(git, _LINKED)
    shutil.rmtree(bare / 'exp' / 'server')
    shutil.rmtree(bare / judged.FOLDER, ignore_errors=True)


def _hooks(arrived: Path) -> str | None:
    """Where git looks for hooks in a git directory, None where it can use none there."""
    done = Git(arrived).run('rev-parse', '--git-path', 'hooks', env={'GIT_DIR': '.'})
    return None if done.code else os.path.realpath(arrived / done.text)


def _bare(folder: Path) -> Path:
    place = repository.place(folder)
    if place.top is not None or Git(folder).run('rev-parse', '--is-bare-repository').text != 'true':
        raise Refused(f"'{folder}' is not in a bare repository", hint='git exp hook install, where people commit')
    return place.common


def _trunk(git: Git) -> str:
    """As the configuration says, or the usual name that is there, or where HEAD leads."""
    told = git.run('config', '--get', 'gitexp.trunk').text
    names = [told] if told else ['main', 'master']
    found = repository.objects(git, [f'refs/heads/{name}' for name in names])
    there = [name for name, oid in zip(names, found) if oid]
    return told or (there or [git.run('symbolic-ref', '--quiet', 'HEAD').text.removeprefix('refs/heads/')])[0]


def _guarded(git: Git, trunk: str, identity: str) -> list[str]:
    """Look at what will be guarded; raises Usage for a gitexp.yaml that cannot be read."""
    commit, blob = repository.objects(git, [f'refs/heads/{trunk}', f'refs/heads/{trunk}:{FILE}'])
    closed = 'nobody can change here what is frozen'
    if blob is not None:
        rules = server.read(git, blob, trunk)
        merging = f", nor merge into '{trunk}', which is guarded" if rules.guard else ''
        way = f'list signers in {FILE} before the hook is there, or name --identity'
        return [] if rules.signers or identity else [f'{closed}{merging}: {way}']
    if commit is None:
        if other := _lab(git):
            hint = f'git exp hook install --server --trunk {other}'
            raise Refused(f"there is no '{trunk}', and '{other}' is a lab: nothing of it would be guarded", hint=hint)
        said = f"there is no '{trunk}' yet: everything may be pushed until it comes, and it must have a {FILE}"
        return [said if identity else f'{said} that lists signers, or {closed}']
    return [f"'{trunk}' has no {FILE}: nothing is taken but a push of '{trunk}' that has one"]


def _lab(git: Git) -> str | None:
    """A branch that has rules, and is no experiment's."""
    names = git.ask('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads').text.split('\n')
    others = [name for name in names if name and not name.startswith('exp/')]
    return next((name for name, oid in zip(others, repository.objects(git, [f'refs/heads/{one}:{FILE}' for one in others])) if oid), None)


def _earlier(git: Git, before: Settings | None) -> str:
    """The folder of the hooks that git ran until now; one that the repository itself names is put back when ours go."""
    local = settings.read(git, _KEY)
    if local == FOLDER:
        return before.chained if before else 'hooks'
    if local and local.endswith('/exp/hooks'):
        raise Refused('the hooks for worktrees are installed here', hint='git exp hook remove, or make another clone the server')
    if local:
        settings.write(git, _BEFORE, local)
    return git.run('config', '--type=path', '--get', _KEY).text or 'hooks'


def _search() -> str:
    """The folders of the programs that the hook runs, and the usual ones."""
    found = [shutil.which(name) for name in ('git', 'ssh-keygen', 'gpg')]
    return os.pathsep.join(dict.fromkeys([*(os.path.dirname(os.path.abspath(one)) for one in found if one), '/usr/bin', '/bin']))


def _texts(bare: Path, settings: Settings) -> dict[str, str]:
    chained = bare / settings.chained
    names = {*_ALWAYS, *(name for name in stubs.KNOWN if os.access(chained / name, os.X_OK))}
    passing, moving, judging = (stubs.filled(name, settings._asdict()) for name in ('passing-server', 'moving-server', 'pre-receive'))
    return {name: passing for name in names} | {name: moving for name in HOOKS} | {'pre-receive': judging}


def _is(path: Path, text: str) -> bool:
    try:
        return os.access(path, os.X_OK) and path.read_text('utf-8', 'surrogateescape') == text
    except OSError:
        return False
