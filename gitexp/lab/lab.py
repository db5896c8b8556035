"""The repository, its configuration and its folders."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from gitexp.core import files
from gitexp.core.errors import Refused, Usage
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository, worktrees
from gitexp.git.command import Git
from gitexp.git.history import Tip
from gitexp.git.worktrees import Worktree
from gitexp.lab import config
from gitexp.lab.config import Config

_TRUNKS = ('main', 'master')
_SETTINGS = (
    r'^(gitexp\..*|core\.(hookspath|bare|worktree|sparsecheckout|sparsecheckoutcone)|commit\.gpgsign|extensions\.worktreeconfig'
    r'|(user|committer)\.(name|email)|remote\..*\.url|merge\.gitexp-.*\.driver|filter\..*\.(smudge|clean|process|required)|includeif\..*)$'
)


class Experiment(NamedTuple):
    """A branch, a worktree and a folder in it; the worktree may be gone."""

    slug: str
    root: Path
    folder: Path

    @property
    def branch(self) -> str:
        return branch_of(self.slug)


def branch_of(slug: str) -> str:
    return f'refs/heads/exp/{slug}'


class Lab:
    """A repository whose trunk holds gitexp.yaml; `here` is the top of the worktree that was asked from.

    `text` is gitexp.yaml itself; `config` is what it says, read just now when `is_fresh`, or kept from an earlier reading.
    `tip` is the commit of `here`, where there is one.
    """

    def __init__(
        self, here: Path | None, common: Path, trunk: str, trunk_commit: str, config_blob: str, config: Config,
        settings: Mapping[str, str], text: bytes = b'', is_fresh: bool = False, tip: Tip | None = None,
    ) -> None:
        # Not a data class: the module that makes those costs every hook 8 ms.
        self.here = here
        self.common = common
        self.trunk = trunk
        self.trunk_commit = trunk_commit
        self.config_blob = config_blob
        self.config = config
        self.settings = settings
        self.text = text
        self.is_fresh = is_fresh
        self.tip = tip

    @staticmethod
    def find(folder: Path, *, afresh: bool = False) -> Lab:
        """Read the lab around a folder from its trunk, never from a working copy.

        `afresh` believes nothing that is kept between commands, since that lies where anybody can write.
        Raises Refused without a repository, commit, trunk or gitexp.yaml, Usage for a bad gitexp.yaml.
        """
        place = repository.place(folder)
        git = Git(place.top or place.common)
        said = settings(git)
        trunk, commit, (blob, text), others, tip = _trunk(git, said.get('gitexp.trunk'))
        kept = place.common / 'exp' / 'cache'
        read = _read(kept, blob, text, afresh=afresh)
        if read.trunk != trunk:
            raise Usage(f"{config.FILE} on '{trunk}' says that the trunk is '{read.trunk}'", hint='git exp doctor')
        for other, named in ((name, _read(kept, *one, afresh=afresh).trunk) for name, one in others.items() if one[0] != blob):
            if named != trunk:
                raise Refused(
                    f"gitexp.trunk names '{trunk}', and {config.FILE} on '{other}' says that the trunk is '{named}'",
                    hint='git config --unset gitexp.trunk',
                )
        return Lab(place.top, place.common, trunk, commit, blob, read, said, text, afresh, tip)

    @property
    def trunk_ref(self) -> str:
        return f'refs/heads/{self.trunk}'

    @cached_property
    def state(self) -> Path:
        """What is not history: locks, running processes, logs; never the only copy of a result."""
        return self.common / 'exp'

    @property
    def is_server(self) -> bool:
        """Whether it was asked from a bare repository where pushes are judged: people work in clones of it."""
        return self.here is None and (self.common / 'exp' / 'server').is_dir()

    @property
    def git(self) -> Git:
        return Git(self.here or self.common)

    @property
    def remotes(self) -> list[str]:
        return [key.removeprefix('remote.').removesuffix('.url') for key in self.settings if key.startswith('remote.')]

    @cached_property
    def worktrees(self) -> list[Worktree]:
        return worktrees.of(self.git, self.common, self.here, told='core.worktree' in self.settings)

    @cached_property
    def root(self) -> Path:
        """The worktree that has the trunk checked out; raises Refused when none has."""
        for worktree in self.worktrees:
            if worktree.branch == self.trunk_ref and not worktree.prunable:
                return worktree.path
        raise Refused(f"no worktree has the trunk '{self.trunk}' checked out, and the ledger lives there", hint=self._to_root())

    def _to_root(self) -> str:
        """How to have the trunk checked out: in the main worktree, but for a bare repository, which has none."""
        if self.is_server:
            return 'clone it, and work in the clone'
        main, *linked = self.worktrees
        gone = [f"git worktree remove '{one.path}'" for one in linked if one.branch == self.trunk_ref]
        way = f'git worktree add FOLDER {self.trunk}' if main.head is None else f'{_git_in(main.path)} switch {self.trunk}'
        return '; '.join([*gone, way])

    @cached_property
    def ledger(self) -> Path:
        """Where the ledger is, or will be; raises Refused when it is there and a sparse checkout hides it."""
        path = self.root / self.config.paths.ledger
        if not path.exists() and self.leaves_out(self.config.paths.ledger):
            name, cone = self.config.paths.ledger, self.settings.get('core.sparsecheckoutcone') == 'true'
            raise Refused(
                f"the sparse checkout of '{self.root}' leaves out the ledger '{name}'",
                hint=f"{_git_in(self.root)} sparse-checkout add '{os.path.dirname(name) if cone else f'/{name}'}'",
            )
        return path

    def leaves_out(self, path: str) -> bool:
        """Whether a sparse checkout of root does without a file that it has."""
        return self.git.at(self.root).run('ls-files', '-t', '-z', '--', f':(top,literal){path}').text.startswith('S ')

    def experiment(self, slug: str) -> Experiment:
        """Name the parts of an experiment, whether it exists or not."""
        branch = branch_of(slug)
        at = next((worktree.path for worktree in self.worktrees if worktree.branch == branch), None)
        root = at or self.root / self.config.paths.worktrees / slug
        return Experiment(slug, root, root / self.config.paths.experiments / slug)

    @cached_property
    def current(self) -> Experiment | None:
        """The experiment whose worktree was asked from, None on the trunk or elsewhere."""
        for worktree in self.worktrees:
            if worktree.path == self.here and worktree.branch and worktree.branch.startswith('refs/heads/exp/'):
                return self.experiment(worktree.branch.removeprefix('refs/heads/exp/'))
        return None


def settings(git: Git) -> dict[str, str]:
    """What git's configuration says of gitexp, hooks, merging and filters, by lower-case key; the last value counts, as for git."""
    done = git.run('config', '--null', '--get-regexp', _SETTINGS)
    return {key: value for key, _, value in (line.partition('\n') for line in done.names)}


def _git_in(folder: Path) -> str:
    import shlex
    return f'git -C {shlex.quote(str(folder))}'


def _read(kept: Path, blob: str, text: bytes, *, afresh: bool) -> Config:
    """What gitexp.yaml says; the document is kept under its object id, since YAML and its schema cost more than all else."""
    path = kept / f'{blob}.json'
    try:
        known = config.of(dict(json.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        known = None  # There is none, or a crash, or somebody, has put something else there.
    if known and not afresh:
        return known
    from gitexp.lab import parse
    if known:
        return config.of(parse.again(text))
    said = parse.parse(text)
    try:
        files.replace(path, json.dumps(said))
    except OSError:
        pass  # A read-only repository is slower, not broken.
    return config.of(said)


def _trunk(git: Git, told: str | None) -> tuple[str, str, tuple[str, bytes], dict[str, tuple[str, bytes]], Tip | None]:
    """The trunk's name, its commit, the id and text of its gitexp.yaml, and the commit that is checked out, in one look.

    Where the trunk is told, branches that are trunks as a rule have a say as well: their files, by branch.
    """
    names = [told] if told else list(_TRUNKS)
    usual = [name for name in _TRUNKS if told and name != told]
    asked = [f'refs/heads/{name}{path}' for name in names for path in ('', f':{config.FILE}')]
    said = repository.contents(git, [*asked, 'HEAD', *(f'refs/heads/{name}:{config.FILE}' for name in usual)])
    found, head, others = said[:len(asked)], said[len(asked)], said[len(asked) + 1:]
    for name, commit, blob in zip(names, found[::2], found[1::2]):
        if commit and blob:
            return name, commit[0], blob, {other: one for other, one in zip(usual, others) if one}, history.read(*head) if head else None
    if not any(found[::2]):
        if git.run('rev-parse', '--verify', '--quiet', 'HEAD').code:
            bare = git.run('rev-parse', '--is-bare-repository').text == 'true'
            way = 'push the trunk of a lab to it' if bare else 'commit something, then: git exp init'
            raise Refused('this repository has no commits yet', hint=way)
        raise Refused(
            f"there is no trunk: no branch {' or '.join(names)}",
            hint='fetch it (git fetch origin main:main), or name it: git config gitexp.trunk NAME',
        )
    trunk = next(name for name, commit in zip(names, found[::2]) if commit)
    staged, had = repository.objects(git, [f':{config.FILE}', f'HEAD:{config.FILE}'])
    if told and had:
        raise Refused(f"no {config.FILE} on '{trunk}', which gitexp.trunk names as the trunk", hint='git config --unset gitexp.trunk')
    if staged:
        raise Refused(f"{config.FILE} is not committed on the trunk '{trunk}' yet", hint='git commit')
    raise Refused(f"no {config.FILE} on the trunk '{trunk}'", hint='git exp init')
