"""The rules before a commit: what the index holds against HEAD, or against every parent of a merge."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.lab.lab import Lab
from gitexp.rules import change, judge, rows, ruleset
from gitexp.rules.beside import Names
from gitexp.rules.case import Away, Case
from gitexp.rules.change import Blobs, Change, Committed, Staged
from gitexp.rules.ruleset import RuleSet

_HEADS = 'refs/heads/'
_ELSEWHERE = 'ref: refs/heads/.invalid'  # What HEAD says where refs are kept in another way than as files.
_REBASED = ('rebase-merge/head-name', 'rebase-apply/head-name')


class Index(NamedTuple):
    """The index of a worktree whose own git directory is `folder`; `head` is None before the first commit.

    `branch` is the short name of the branch that is committed to, in a rebase the one that is being rebased; `merged` are the further
    parents of a merge that is under way.
    """

    git: Git
    folder: Path
    head: str | None
    branch: str | None
    merged: tuple[str, ...]

    @staticmethod
    def at(top: Path) -> Index:
        """The index of the worktree at `top`, or the one that GIT_INDEX_FILE names."""
        git = Git(top, inherit=True)
        said = git.run('rev-parse', '--absolute-git-dir', 'HEAD')
        text, head = (git.ask('rev-parse', '--absolute-git-dir').text, None) if said.code else said.text.rsplit('\n', 1)
        folder = Path(text)
        return Index(git, folder, head, _branch(git, folder), tuple(_lines(folder / 'MERGE_HEAD')))

    def changes(self, specs: tuple[str, ...]) -> list[Change]:
        target = Staged(self.git)
        if self.merged and self.head:
            parents = [self.head, *self.merged]
            return change.merged(target, parents, history.joins(self.git, *parents), specs)
        return change.since(target, self.head or change.empty_tree(self.git), specs)


def changes(rules: RuleSet, index: Index, seen: bytes | None = None) -> list[Change]:
    """What is about to be committed, among the paths that matter on its branch.

    `seen` is what git says of those that are protected, where somebody has asked it: all that matters, unless retired results go,
    which may be moved back.
    """
    if rules.guard and index.branch == rules.trunk or rules.confines(rules.slug(index.branch)):
        return index.changes(())
    known = [] if seen is None or index.merged else change.listed(seen)
    return index.changes(rules.pathspecs) if not known or any(one.new is None and rules.current(one.path) for one in known) else known


def findings(lab: Lab, index: Index, *, meta: bool, seen: list[Change] | None = None) -> list[Finding]:
    """Judge what is about to be committed by the rules of the trunk; `seen` are the changes when they are known already."""
    rules = ruleset.of(lab.config, lab.text)
    found = _judged(lab, index, rules, changes(rules, index) if seen is None else seen, meta=meta)
    if not found or not index.merged:
        return found
    begun = history.root(lab.git, lab.trunk_commit)
    ours = index._replace(merged=tuple(one for one in index.merged if history.is_ancestor(lab.git, begun, one)))
    # The paths of another project that is merged in are its own; what becomes of ours is judged.
    return found if ours == index else _judged(lab, ours, rules, changes(rules, ours), meta=meta)


def _judged(lab: Lab, index: Index, rules: RuleSet, seen: list[Change], *, meta: bool) -> list[Finding]:
    blobs = Blobs(lab.git)
    blobs.expect(judge.reading(rules, seen))
    trees = [one for one in (index.head, *index.merged) if one]
    case = Case(
        rules, index.branch, blobs.read, _away(lab, index), meta, pulled=_is_pull(lab, index, rules),
        author=author(index, rules, seen), begun=lambda slug: begun(lab, slug), led=_led(lab, index, rules),
        ledger=lambda path: rows.whole(lab.git, lab.trunk_commit, path), target=Staged(index.git),
        names=Names(lab.git, *trees).learn(seen), began=change.left(lab.git, lab.trunk_commit, index.head or lab.trunk_commit),
    )
    return judge.judge(case, seen) + _brought(lab, index, rules, meta=meta)


def author(index: Index, rules: RuleSet, seen: list[Change] | None = None) -> str:
    """Who will have made the commit, which git tells a hook by the environment; '' where no change of those seen is for people only."""
    human = [rule.pattern for rule in rules.rules if rule.kind == 'human']
    if not human or seen is not None and not any(one.covers(change.path) for one in human for change in seen):
        return ''
    name, _, _ = index.git.run('var', 'GIT_AUTHOR_IDENT').text.rpartition('>')
    return f'{name}>' if name else ''


def begun(lab: Lab, slug: str) -> bool:
    """Whether the ledger has a row of an experiment, as it lies in root or as the trunk has it, or one that the lab had before."""
    committed = repository.contents(lab.git, [f'{lab.trunk_commit}:{path}' for path in lab.config.ledgers])
    try:
        here = lab.ledger.read_bytes()
    except (Refused, OSError):
        here = b''  # No worktree has the trunk, or nothing has been measured.
    return any(rows.commits(text, slug) for text in (here, *(one[1] for one in committed if one)))


def _led(lab: Lab, index: Index, rules: RuleSet) -> Callable[[Change], Change | None]:
    """What a change is where the commit would lead its experiment back to before a merge."""
    @cache
    def made() -> Callable[[Change], Change | None]:
        from gitexp.rules import reverted  # Costs time, and few commits delete what is kept.
        head = index.head or lab.trunk_commit
        coming, staged = Commit('', (head, *index.merged)), Staged(index.git)
        return reverted.led(lab.git, rules, (head, lab.trunk_commit), [''], lambda folder: (coming, staged.against(head, [folder])))
    return lambda one: made()(one)


def _brought(lab: Lab, index: Index, rules: RuleSet, *, meta: bool) -> list[Finding]:
    """What is wrong with the commits that a merge brings in, other than from the trunk."""
    if not index.merged:
        return []
    from gitexp.rules.span import Span  # Costs time, and merges are rare.
    known = [lab.trunk_commit, *([index.head] if index.head else []), *filter(None, [history.upstream(lab.git, lab.trunk_ref)])]
    spans = (Span(lab.git, rules, other, tuple(known), None, lab.trunk_commit, meta) for other in index.merged)
    return [one for span in spans for one in span.findings()]


def _away(lab: Lab, index: Index) -> Away:
    """Through HEAD where there is one: comparing commits costs the same however large the index is."""
    if index.head is None:
        return judge.away(lambda: [Staged(index.git).against(lab.trunk_commit)])
    if index.head == lab.trunk_commit:
        return judge.away(lambda: [{}], alike=lambda one: one.olds[0])
    head = Committed(lab.git, index.head)
    return judge.away(
        lambda: [head.against(tree) for tree in dict.fromkeys((lab.trunk_commit, *history.origin(lab.git, lab.trunk_commit, head.oid)))],
        alike=lambda one: one.olds[0],
    )


def _is_pull(lab: Lab, index: Index, rules: RuleSet) -> bool:
    """Whether a merge on a guarded trunk brings in only what its remote already has."""
    if not rules.guard or not index.merged or index.branch != rules.trunk:
        return False
    known = history.upstream(lab.git, lab.trunk_ref)
    return bool(known) and all(history.is_ancestor(lab.git, other, str(known)) for other in index.merged)


def _branch(git: Git, folder: Path) -> str | None:
    said = [line for name in ('HEAD', *_REBASED) for line in _lines(folder / name)[:1]]
    if said[:1] == [_ELSEWHERE]:
        said = [git.run('symbolic-ref', '--quiet', 'HEAD').text]
    names = [line.removeprefix('ref: ') for line in said]
    return next((name.removeprefix(_HEADS) for name in names if name.startswith(_HEADS)), None)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text('utf-8', 'surrogateescape').split('\n') if line]
    except OSError:
        return []
