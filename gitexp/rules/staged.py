"""The rules before a commit: what the index holds against HEAD, or against every parent of a merge."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gitexp.core.finding import Finding
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import change, judge, ruleset
from gitexp.rules.change import Blobs, Change, Committed, Staged
from gitexp.rules.judge import Case
from gitexp.rules.ruleset import RuleSet

_HEADS = 'refs/heads/'
_ELSEWHERE = 'ref: refs/heads/.invalid'  # What HEAD says where refs are kept in another way than as files.
_REBASED = ('rebase-merge/head-name', 'rebase-apply/head-name')


@dataclass(frozen=True)
class Index:
    """The index of a worktree whose own git directory is `folder`; `head` is None before the first commit."""

    git: Git
    folder: Path
    head: str | None

    @staticmethod
    def at(top: Path) -> Index:
        """The index of the worktree at `top`, or the one that GIT_INDEX_FILE names."""
        git = Git(top, inherit=True)
        said = git.run('rev-parse', '--absolute-git-dir', 'HEAD')
        if said.code:
            return Index(git, Path(git.ask('rev-parse', '--absolute-git-dir').text), None)
        folder, _, head = said.text.rpartition('\n')
        return Index(git, Path(folder), head)

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The further parents of a merge that is under way."""
        return tuple(_lines(self.folder / 'MERGE_HEAD'))

    @cached_property
    def branch(self) -> str | None:
        """The short name of the branch that is committed to; in a rebase the one that is being rebased."""
        said = [line for name in ('HEAD', *_REBASED) for line in _lines(self.folder / name)[:1]]
        if said[:1] == [_ELSEWHERE]:
            said = [self.git.run('symbolic-ref', '--quiet', 'HEAD').text]
        names = [line.removeprefix('ref: ') for line in said]
        return next((name.removeprefix(_HEADS) for name in names if name.startswith(_HEADS)), None)

    @cached_property
    def bases(self) -> list[str]:
        return history.bases(self.git, str(self.head), *self.others)

    def changes(self, specs: tuple[str, ...]) -> list[Change]:
        target = Staged(self.git)
        if self.others and self.head:
            return change.merged(target, [self.head, *self.others], self.bases, specs)
        return change.since(target, self.head or change.empty_tree(self.git), specs)


def findings(lab: Lab, index: Index, *, meta: bool) -> list[Finding]:
    """Judge what is about to be committed by the rules of the trunk."""
    rules = ruleset.of(lab.config, b'')
    on_trunk = index.branch == rules.trunk
    wide = rules.guard and on_trunk or rules.confines(rules.slug(index.branch))
    changes = index.changes(() if wide else rules.pathspecs)
    blobs = Blobs(lab.git)
    blobs.expect(judge.reading(rules, changes))
    case = Case(rules, index.branch, blobs.read, _away(lab, index), meta, pulled=_is_pull(lab, index, rules))
    found = judge.judge(case, changes)
    if found:
        # Only now are the lines of the rules worth reading the file for.
        found = judge.judge(replace(case, rules=ruleset.of(lab.config, repository.blob(lab.git, lab.config_blob))), changes)
    return found + _brought(lab, index, meta=meta)


def _brought(lab: Lab, index: Index, *, meta: bool) -> list[Finding]:
    """What is wrong with the commits that a merge brings in, other than from the trunk."""
    if not index.others:
        return []
    from gitexp.rules.span import Span  # Costs time, and merges are rare.
    known = [lab.trunk_commit, *([index.head] if index.head else []), *filter(None, [history.upstream(lab.git, lab.trunk_ref)])]
    rules = ruleset.of(lab.config, repository.blob(lab.git, lab.config_blob))
    spans = (Span(lab.git, rules, other, tuple(known), None, lab.trunk_commit, meta) for other in index.others)
    return [one for span in spans for one in span.findings()]


def _away(lab: Lab, index: Index) -> judge.Away:
    """Through HEAD where there is one: comparing commits costs the same however large the index is."""
    if index.head is None:
        return judge.away(lambda: [Staged(index.git).against(lab.trunk_commit)])
    head = Committed(lab.git, index.head)
    return judge.away(
        lambda: [head.against(tree) for tree in dict.fromkeys((lab.trunk_commit, *history.bases(lab.git, lab.trunk_commit, head.oid)))],
        alike=lambda one: one.olds[0],
    )


def _is_pull(lab: Lab, index: Index, rules: RuleSet) -> bool:
    """Whether a merge on a guarded trunk brings in only what its remote already has."""
    if not rules.guard or not index.others or index.branch != rules.trunk:
        return False
    known = history.upstream(lab.git, lab.trunk_ref)
    return bool(known) and all(history.is_ancestor(lab.git, other, str(known)) for other in index.others)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
