"""Starting an experiment: all of it or nothing."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gitexp.core import files, locks
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, intent, place, plain, removal, scaffold
from gitexp.experiment import slug as slugs
from gitexp.git import commits, worktrees
from gitexp.git.command import Git
from gitexp.git.commits import Put
from gitexp.lab.lab import Experiment, Lab, branch_of
from gitexp.ledger import read


class Started(NamedTuple):
    """`base` and `commit` are ids: what the experiment starts from, and its first commit."""

    experiment: Experiment
    base: str
    commit: str
    warning: str | None = None


def start(lab: Lab, slug: str, *, now: str, base: str | None = None, idea: str | None = None) -> Started:
    """Make the branch exp/SLUG, its worktree and its folder with a plan.

    `base` is an experiment or whatever git knows as a commit, the trunk when None. Raises Usage for a bad slug, Refused
    when something of that name is there already, when the base is no commit, or when git does not ignore the worktrees.
    `now` is ISO 8601.
    """
    slugs.check(slug)
    home = _home(lab)
    root = home / lab.config.paths.worktrees / slug
    made = Experiment(slug, root, root / lab.config.paths.experiments / slug)
    with intent.claimed(lab.state, slug, 'new') as mine:
        commit_base = _checked(lab, made, home, base)
        text = scaffold.plan(slug, idea=idea, date=now[:10])
        commit = _scaffold(lab, made, commit_base, text)
        said = {'root': intent.seen_from(lab.common, root), 'folder': intent.seen_from(lab.common, made.folder), 'commit': commit}
        mine.arm(said)
        try:
            _make(lab, made, commit)
            _check_plain(lab, made, text)
        except BaseException:
            _revert(lab, slug, said)
            mine.disarm()
            raise
    return Started(made, commit_base, commit, _after_checkout(lab, made, commit))


def settle(lab: Lab, slug: str, said: Mapping[str, Any]) -> str:
    """Put a killed start right: as if it had never been, unless somebody has worked in the worktree since."""
    if _worked_in(lab, slug, said):
        folders.fresh(intent.now_at(lab.common, said['folder']), intent.now_at(lab.common, said['root']))
        return f"finished the experiment '{slug}', whose start was killed"
    _revert(lab, slug, said)
    return f"took back the experiment '{slug}', whose start was killed"


def _make(lab: Lab, made: Experiment, commit: str) -> None:
    with locks.held(lab.state / 'locks' / 'worktrees', purpose=f'git exp new {made.slug}'):
        lab.git.ask('update-ref', '-m', 'git exp new', made.branch, commit, '0' * len(commit))
        worktrees.patient(lab.git, 'worktree', 'add', '--quiet', '--no-checkout', str(made.root), made.branch.removeprefix('refs/heads/'))
    if lab.settings.get('core.sparsecheckout') == 'true':
        # git has copied what the user wants to see; what is worked on must be seen, too.
        path = str(made.folder.relative_to(made.root))
        Git(made.root).ask('sparse-checkout', 'add', path if lab.settings.get('core.sparsecheckoutcone') == 'true' else f'/{path}/')
    # Not `reset`, which writes HEAD and ORIG_HEAD: that would start the hooks on references four times.
    Git(made.root).ask('read-tree', '-u', '--reset', '--no-recurse-submodules', 'HEAD')
    folders.fresh(made.folder, made.root)


def _check_plain(lab: Lab, made: Experiment, text: bytes) -> None:
    """Raises Refused where git converts the plan, which was committed as it is.

    git is asked where filters are set up, of which some let plain text through, or where the checkout has something else.
    """
    path = made.folder / scaffold.FILE
    if not path.is_file() or files.read(path) != text or any(key.startswith(('filter.', 'includeif.')) for key in lab.settings):
        plain.require(Git(made.root), path.relative_to(made.root).as_posix(), verb=f"start '{made.slug}'")


def _revert(lab: Lab, slug: str, said: Mapping[str, Any]) -> None:
    branch, root = branch_of(slug), intent.now_at(lab.common, said['root'])
    with locks.held(lab.state / 'locks' / 'worktrees', purpose=f'taking back {slug}'):
        kept = removal.admin(lab.common, root)
        if kept:
            # First, since without it nobody has worked there: a revert that is killed is then not taken for somebody's work.
            (kept / 'index').unlink(missing_ok=True)
        removal.remove(lab.common, root)
        git = Git(lab.common)
        if git.run('rev-parse', '--verify', '--quiet', branch).text == said['commit']:
            git.ask('update-ref', '-d', branch, said['commit'])
        else:
            # Of a git that was killed while it made the branch; nobody else had a reason to. Refs need not be files.
            if (lab.common / 'refs' / 'heads').is_dir():
                (lab.common / f'{branch}.lock').unlink(missing_ok=True)


def _worked_in(lab: Lab, slug: str, said: Mapping[str, Any]) -> bool:
    root = intent.now_at(lab.common, said['root'])
    kept = removal.admin(lab.common, root)
    if kept is None or not (kept / 'index').exists():
        return False
    git = Git(root)
    if git.run('rev-parse', '--verify', '--quiet', 'HEAD').text != said['commit']:
        return True
    return git.run('status', '--porcelain', '--ignored', '--untracked-files=all').out != b''


def _home(lab: Lab) -> Path:
    """Where the worktrees folder is: in root, or in the main worktree while no worktree has the trunk checked out."""
    main = lab.worktrees[0]
    if main.head is not None and all(worktree.branch != lab.trunk_ref for worktree in lab.worktrees):
        return main.path
    return lab.root


def _checked(lab: Lab, made: Experiment, home: Path, base: str | None) -> str:
    """The commit to start from; raises Refused when there is none, or when something is in the way."""
    names = [lab.trunk_commit] if base is None else [] if '\n' in base else [f'refs/heads/exp/{base}', base]
    inside = lab.config.paths.experiments
    asked = [f'{name}^{{commit}}{path}' for name in names for path in ('', f':{inside}', f':{inside}/{made.slug}')]
    theirs = [f'refs/remotes/{name}/exp/{made.slug}' for name in lab.remotes]
    branch, above, *found = _types(lab.git, [made.branch, 'refs/heads/exp', *asked, *theirs])
    _check_free(lab, made, home, taken=branch is not None, blocked=above is not None)
    _check_strange(lab, made, [name for name, there in zip(lab.remotes, found[len(asked):]) if there])
    _check_ignored(lab, home, made)
    for commit, over, folder in zip(found[:len(asked):3], found[1:len(asked):3], found[2:len(asked):3]):
        if commit:
            _check_room(made, inside, base or lab.trunk, over=over, folder=folder)
            return commit[1]
    said = lab.trunk if base is None else base
    raise Refused(f"'{said}' is neither an experiment nor a commit", hint=_elsewhere(lab, made.slug, said) or place.nearest(lab, said))


def _elsewhere(lab: Lab, slug: str, base: str) -> str | None:
    """How to start from an experiment whose branch only a remote has."""
    name = f'exp/{base.removeprefix("exp/")}'
    found = _types(lab.git, [f'refs/remotes/{remote}/{name}' for remote in lab.remotes]) if slugs.shaped(name[4:]) else []
    return next((f'git exp new {slug} --base {remote}/{name}' for remote, there in zip(lab.remotes, found) if there), None)


def _check_room(made: Experiment, inside: str, base: str, *, over: tuple[str, str] | None, folder: tuple[str, str] | None) -> None:
    if folder:
        raise _taken(made, f"{base} has the folder '{inside}/{made.slug}'", hint='choose another slug')
    if over and over[0] != 'tree':
        raise Refused(f"'{inside}' is not a folder in {base}, and experiments live there", hint='choose another folder: paths.experiments')


def _check_free(lab: Lab, made: Experiment, home: Path, *, taken: bool, blocked: bool) -> None:
    """Raises Refused naming what is in the way; `home` may hold the results of an earlier experiment of that name."""
    kept = home / lab.config.paths.experiments / made.slug
    own = next((one for one in lab.worktrees if one.branch == made.branch), None)
    if taken and own:
        raise _taken(made, 'it is an experiment already', hint='git exp doctor --fix' if own.prunable else f'cd {_quoted(own.path)}')
    if taken:
        raise _taken(made, f'the branch exp/{made.slug} exists', hint=f'git worktree add {_quoted(made.root)} exp/{made.slug}')
    if blocked:
        raise Refused("a branch is called 'exp', so none can be called 'exp/…'", hint='git branch -m exp another-name')
    if os.path.lexists(made.root):
        raise _taken(made, f"the folder '{made.root}' exists", hint='move it away, or choose another slug')
    if any(one.path == made.root for one in lab.worktrees):
        raise _taken(made, f"git still knows a worktree '{made.root}', which is gone", hint='git exp doctor')
    if os.path.lexists(kept):
        raise _taken(made, f"the folder '{kept}' exists", hint='choose another slug')


def _check_strange(lab: Lab, made: Experiment, remotes: Sequence[str]) -> None:
    """Raises Refused when somebody else has an experiment of that name: the rows of both would be taken for those of one."""
    if remotes:
        way = f'to go on with it: git worktree add {_quoted(made.root)} exp/{made.slug}; else choose another slug'
        raise _taken(made, f"'{remotes[0]}' has the branch exp/{made.slug}", hint=way)
    try:
        known = read.mentions(lab, made.slug)
    except Refused:
        known = False  # No ledger is in sight.
    if known and any(row.experiment == made.slug for row in read.holding(lab, made.slug)) or _was_known(lab, made.slug):
        raise _taken(made, 'the ledger has results of an experiment of that name', hint='choose another slug, or fetch its branch')


def _was_known(lab: Lab, slug: str) -> bool:
    """Whether a ledger that the lab had before has rows of an experiment, which its rules go by."""
    if not lab.config.ledgers[1:]:
        return False
    from gitexp.rules import staged  # Few labs have had another ledger.
    return staged.begun(lab, slug)


def _taken(made: Experiment, why: str, *, hint: str) -> Refused:
    return Refused(f"'{made.slug}' is taken: {why}", hint=hint)


def _check_ignored(lab: Lab, home: Path, made: Experiment) -> None:
    """Raises Refused when git would take the worktrees for files of the repository; elsewhere on the disk they cannot be."""
    path = str(made.root.relative_to(home)) if made.root.is_relative_to(home) else None
    # Without the index, which takes its time in a large repository and says nothing about a folder that is not there.
    if path and lab.git.at(home).run('check-ignore', '--quiet', '--no-index', '--', path).code == 1:
        line = f'/{lab.config.paths.worktrees}/'
        raise Refused(f"git does not ignore '{line}', where worktrees are", hint=f"echo '{line}' >> {_quoted(home / '.gitignore')}")


def _types(git: Git, names: list[str]) -> list[tuple[str, str] | None]:
    """The type and the id of each object, or None; one git for all."""
    feed = ''.join(f'{name}\n' for name in names).encode('utf-8', 'surrogateescape')
    lines = git.ask('cat-file', '--batch-check=%(objecttype) %(objectname)', feed=feed).text.split('\n')
    return [_pair(line) for line in lines]


def _pair(line: str) -> tuple[str, str] | None:
    """What is missing or ambiguous is echoed with one word behind it, where an id would stand."""
    kind, _, oid = line.partition(' ')
    return (kind, oid) if len(oid) in (40, 64) and ' ' not in oid else None


def _scaffold(lab: Lab, made: Experiment, base: str, text: bytes) -> str:
    path = f'{lab.config.paths.experiments}/{made.slug}/{scaffold.FILE}'
    return commits.make(lab.git, parent=base, message=f'exp({made.slug}): plan\n', changes=[Put(path, text)], settings=lab.settings)


def _after_checkout(lab: Lab, made: Experiment, commit: str) -> str | None:
    """Run the user's post-checkout hook, as `git worktree add` does when it checks out itself."""
    hooks = made.root / lab.settings.get('core.hookspath', lab.common / 'hooks')
    if not os.access(hooks / 'post-checkout', os.X_OK):
        return None
    done = Git(made.root).run('hook', 'run', 'post-checkout', '--', '0' * len(commit), commit, '1')
    return f'the hook post-checkout failed: {done.err.strip() or done.code}' if done.code else None


def _quoted(path: Path) -> str:
    import shlex
    return shlex.quote(str(path))
