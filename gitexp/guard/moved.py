"""The rules when a branch moves, whatever moves it: git asks before it writes a ref, and hooks of commits are easily passed by."""
from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab.config import APPENDS, FILE
from gitexp.lab.lab import Lab
from gitexp.rules import brought, change, judge, ruleset
from gitexp.rules.beside import Names
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Change, Committed
from gitexp.rules.judge import LIFTED
from gitexp.rules.pattern import fold
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.span import Span
from gitexp.rules.wording import PEOPLE, UNDO

HEADS = 'refs/heads/'
_FROZEN = ('frozen', 'protocol')
_ABORTS = {
    'rebase-merge': 'rebase', 'rebase-apply/applying': 'am', 'rebase-apply': 'rebase', 'CHERRY_PICK_HEAD': 'cherry-pick',
    'MERGE_HEAD': 'merge',
}
_MERGED = 'GITHEAD_'
_KEPT = (*_FROZEN, *APPENDS, 'sections', 'keep')


class Move(NamedTuple):
    """`old` and `new` are commits, None where there is no such branch."""

    ref: str
    old: str | None
    new: str | None

    @property
    def branch(self) -> str:
        return self.ref.removeprefix(HEADS)


def read(git: Git, told: bytes) -> list[Move]:
    """Which branches move; the old value that git tells is nothing where the caller did not say it, so each is looked up."""
    lines = [line.split(' ', 2) for line in told.decode('utf-8', 'surrogateescape').split('\n') if line]
    moves = {ref: new.removeprefix('ref:') for _, new, ref in lines if ref.startswith(HEADS)}
    known = repository.objects(git, [name for ref, new in moves.items() for name in (ref, new)])
    return [Move(ref, old, new) for ref, old, new in zip(moves, known[::2], known[1::2]) if old != new or new is None]


def findings(lab: Lab, moves: Iterable[Move], *, meta: bool) -> list[Finding]:
    """Judge what each branch gains that neither it nor the trunk had; the trunk comes first, and then counts as it will be."""
    rules = ruleset.of(lab.config, lab.text)
    follows = history.upstream(lab.git, lab.trunk_ref)
    published = repository.objects(lab.git, [follows])[0] if follows else None
    known = [lab.trunk_commit, *([published] if published else [])]
    found, others = [], []
    for move in moves:
        if move.ref == lab.trunk_ref:
            found += _trunk(lab, rules, move, published, meta=meta)
            known += [move.new] if move.new else []
        elif move.new and (taken := _taken(lab, move)):
            found.append(taken)
        elif move.new:
            others.append(move)
    begun = _begun(lab, rules, [move for move in others if move.old is None])
    like = Span(lab.git, rules, '', tuple(known), None, lab.trunk_commit, meta, undo=lambda commit: 'take it out of that commit')
    found += [one for span in brought.spans(like, [(move.branch, str(move.new)) for move in begun]) for one in span.findings()]
    return found + [one for move in others if move.old for one in _gained(lab, rules, move, known, meta=meta)]


def left(folder: Path, found: Collection[Finding], *, meta: bool) -> str:
    """What to do about what a refused command leaves in the worktree of a folder; the state that git keeps names the command."""
    git = Git(folder, inherit=True)
    state, common = (Path(git.ask('rev-parse', '--path-format=absolute', which).text) for which in ('--git-dir', '--git-common-dir'))
    renamed = common / 'logs' / 'refs' / '.tmp-renamed-log'
    if any(one.rule == 'trunk' for one in found) and renamed.exists():
        # git has put the log of what was to be renamed there, deletes first, and stops at once when that is refused. It stays there.
        last = renamed.read_text('utf-8', 'replace').rstrip('\n').split('\n')[-1].split()[1]
        return f'if a branch is missing that was to be renamed: git branch NAME {last[:10]}'
    back = next((f'git {command} --abort' for name, command in _ABORTS.items() if (state / name).exists()), None)
    back = back or ('git reset --merge' if _is_forwarded(git) else None)
    rest = f'{back} takes back the rest' if back else 'git status shows what is left'
    if meta and back in (None, 'git cherry-pick --abort') and any(one.rule in LIFTED for one in found):
        # Neither a revert nor a cherry-pick asks a hook about its message.
        rest += '; or META_MODE=1 git commit, which says in the commit that it is one of meta mode'
    return f'no branch has moved; {rest}'


def _is_forwarded(git: Git) -> bool:
    """Whether a merge has put all that it fast-forwards to into the index, where nobody had put anything else."""
    heads = [name.removeprefix(_MERGED) for name in os.environ if name.startswith(_MERGED)]  # git merge names to itself what it merges.
    return len(heads) == 1 and git.run('diff-index', '--cached', '--quiet', heads[0], '--').code == 0


def _taken(lab: Lab, move: Move) -> Finding | None:
    taken = next((name for name in ('HEAD', lab.trunk) if fold(name) == fold(move.branch)), None)
    if taken is None and move.old is None and ruleset.is_nested(move.branch):
        return Finding('name', move.ref, "a slug has no '/': its folder would be in that of another experiment", way='choose another name')
    return Finding('name', move.ref, f"a branch of that name would be taken for '{taken}'", way='choose another name') if taken else None


def _gained(lab: Lab, rules: RuleSet, move: Move, known: Sequence[str], *, meta: bool) -> list[Finding]:
    """What is wrong with the commits that a branch has not had."""
    return Span(
        lab.git, rules, str(move.new), (*known, *([move.old] if move.old else [])), move.branch, lab.trunk_commit, meta,
        undo=lambda commit: UNDO if (commit.oid, commit.parents) == (move.new, (move.old,)) else 'take it out of that commit',
    ).findings()


def _begun(lab: Lab, rules: RuleSet, moves: Sequence[Move]) -> list[Move]:
    """The branches that do not begin where another one stands: that brings nothing new, and what others have made may be looked at.

    An experiment has rules of its own, so only what its remote has under the same name counts.
    """
    if not moves:
        return []
    points = [f'--points-at={new}' for new in dict.fromkeys(move.new for move in moves)]
    lines = lab.git.ask('for-each-ref', *points, '--format=%(objectname) %(refname)', HEADS, 'refs/remotes/').text.split('\n')
    stands = {oid for oid, _, name in (line.partition(' ') for line in lines) if name}
    remote = {(oid, name.rpartition('/exp/')[2]) for oid, _, name in (line.partition(' ') for line in lines) if '/remotes/' in name}
    slugs = [(move, rules.slug(move.branch)) for move in moves]
    return [move for move, slug in slugs if ((move.new, slug) not in remote if slug else move.new not in stands)]


def _trunk(lab: Lab, rules: RuleSet, move: Move, published: str | None, *, meta: bool) -> list[Finding]:
    if move.new is None:
        free = meta or _is_packed(lab, move)
        return [] if free else [Finding('trunk', lab.trunk, 'deleted or renamed: results and rules live on it', way=PEOPLE)]
    _check_readable(lab, move.new)
    old, git = lab.trunk_commit, lab.git
    if published and move.new == published:
        return []
    found = _gained(lab, rules, move, [published] if published else [], meta=meta)
    if found or history.is_ancestor(git, old, move.new):
        return found
    back = published and history.is_ancestor(git, move.new, published)
    if published and back and _drops(git, old, move.new, published):
        return found
    ends = _ends(lab, rules, move.new, published if published and history.is_ancestor(git, published, move.new) else None, meta=meta)
    return [one for one in ends if one.rule in (_FROZEN if back else _KEPT)]


def _drops(git: Git, old: str, new: str, published: str) -> bool:
    """Whether a trunk that goes to a commit of the published one loses only what nobody has published, as when a commit is undone."""
    bases = history.bases(git, old, published)
    return bool(bases) and all(history.is_ancestor(git, one, new) for one in bases)


def _is_packed(lab: Lab, move: Move) -> bool:
    """Whether only the file of a branch goes, since it is among the packed ones: git tells that as if the branch were deleted.

    When a branch is deleted in earnest, the packed ones are locked.
    """
    try:
        lines = (lab.common / 'packed-refs').read_text('utf-8', 'surrogateescape').split('\n')
    except FileNotFoundError:
        return False
    return f'{move.old} {move.ref}' in lines and not (lab.common / 'packed-refs.lock').exists()


def _check_readable(lab: Lab, new: str) -> None:
    """Raises Usage for a gitexp.yaml that cannot be read: nothing could be committed any more."""
    blob, = repository.objects(lab.git, [f'{new}:{FILE}'])
    if blob not in (None, lab.config_blob):
        ruleset.read(lab.git, str(blob))


def _ends(lab: Lab, rules: RuleSet, new: str, published: str | None, *, meta: bool) -> list[Finding]:
    """Judge the trunk before and after as one change; after a rebase it is what became of both the trunk here and the published one."""
    git, old, target = lab.git, lab.trunk_commit, Committed(lab.git, new)
    if published:
        changes = change.merged(target, [old, published], history.joins(git, old, published), rules.pathspecs)
    else:
        changes = change.since(target, old, rules.pathspecs)
    blobs = Blobs(git)
    blobs.expect(judge.reading(rules, changes))
    undo = f'stay at {old[:10]}: git reset --keep {old[:10]}'
    names = Names(git, *filter(None, (old, published))).learn(changes)
    case = Case(rules, lab.trunk, blobs.read, meta=meta, undo=undo, commit=new, target=target, names=names)
    found = judge.judge(case, changes)
    if published and found:
        from gitexp.rules import reverted  # Few rebases come by here, as below.
        since = [one.oid for one in history.beyond(git, new, published)]
        led = reverted.led(git, rules, (new, published, old), since, ends=True)
        found = judge.judge(case._replace(led=led), changes)
    asked = {one.path: one for one in changes}
    return [one for one in found if not (published and _is_strewn(one.rule, asked[one.path], blobs.read))]


def _is_strewn(kind: str, one: Change, read: Callable[[str], bytes]) -> bool:
    """Whether all that the trunk had is there, in the order in which it has been put on the published one, commit by commit."""
    old, new = one.olds[0], one.new
    if kind not in APPENDS or not (old and new and new.is_file) or old.mode != new.mode:
        return False
    from gitexp.rules import union  # Fewer still.
    return union.holds(kind, read(old.oid), read(new.oid), strewn=True) is None
