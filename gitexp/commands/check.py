"""git exp check: judge changes by the rules of the lab, and what is written down by what happened."""
from __future__ import annotations

import os
from pathlib import Path

from gitexp.commands import here, options, out
from gitexp.commands.declare import Group, argument, flag, option
from gitexp.core.errors import Usage
from gitexp.core.finding import Finding
from gitexp.lab.lab import Lab
from gitexp.rules import asked, may, meta, staged
from gitexp.rules.staged import Index


check = Group('Judge changes by the rules of the lab, and what a plan says by what was logged.')


@check.command(
    argument('words', metavar='A..B | PATH', nargs='*'),
    flag('--staged', dest='is_staged', help='Judge what is staged instead of commits.'),
    option('--on', dest='branch', metavar='BRANCH', help='Judge the commits as those of BRANCH, when B is only a commit.'),
    flag('--ci', help='For a job of a server: nothing in the environment opens meta mode, only a signature does.'),
    flag('--may', dest='is_asked', help='Say for each PATH that follows whether it may be changed here, and why not.'),
    options.as_json,
)
def rules(words: tuple[str, ...], is_staged: bool, branch: str | None, ci: bool, is_asked: bool, as_json: bool) -> int:
    """Judge each commit of the range A..B by the rules of the trunk: what B has and A has not.

    Without a range, what HEAD has and the trunk has not. The rules are those of the trunk before the change. Exits 1 when a
    rule is broken, even if a later commit puts it right.

    With --may nothing is judged that is there: each PATH gets a yes or a no on the branch of this worktree, with the rule and
    what is allowed instead. Exits 1 when one of them may not be changed at will.
    """
    if is_asked:
        return _may(words, is_staged or bool(branch) or ci, as_json=as_json)
    if is_staged and (words or branch or ci):
        raise Usage('--staged takes no range')
    if len(words) > 1:
        raise Usage(f"one range is judged at a time, and '{words[1]}' is a second", hint='git exp check rules --may PATH…')
    span = words[0] if words else None
    lab = here.lab()
    found, judged = _staged(lab) if is_staged else _range(lab, span, branch, ci)
    if as_json:
        out.findings(found, as_json=True)
    elif found:
        out.findings(found, as_json=False)
        out.talk(f'{judged}: {len(found)} finding{"s" if len(found) > 1 else ""}')
    else:
        out.answer(f'{judged}: nothing against the rules of {lab.trunk}')
    return 1 if found else 0


@check.command(options.slug, options.as_json)
def monitoring(slug: str | None, as_json: bool) -> int:
    """Hold the Monitoring table of PLAN.md against what was really logged.

    SLUG is the experiment whose worktree this is, unless named. The table names every key that the runs of the current version
    have logged, and no other: in EXP_OUT/metrics.jsonl, in wandb's files, and by printing. Each row has a formula, and a source
    that is there: FILE:FUNCTION. Exits 1 when it does not; what is only a warning leaves the exit code at 0.
    """
    from gitexp.report import monitoring as report
    lab = here.lab()
    which = here.experiment(lab, slug)
    found = report.findings(lab, which)
    if found or as_json:
        out.findings(found, as_json=as_json)
    else:
        out.answer(f"'{which.slug}' logs what its table says")
    return 1 if any(one.level == 'error' for one in found) else 0


@check.command(options.slug, options.as_json)
def config(slug: str | None, as_json: bool) -> int:
    """Hold the flags of training and of inference in config.yaml against each other.

    SLUG is the experiment whose worktree this is, unless named. The sections are train and inference (or infer, eval); each
    holds flags, or names a file or a list of files that do. A flag that both have must be equal, but for those in
    unpaired_flags; those in paired_flags must be on both sides. Exits 1 when one is not, naming both files and lines.
    """
    from gitexp.experiment import paired
    lab = here.lab()
    which = here.experiment(lab, slug)
    found = paired.audit(which)
    if found.findings or as_json:
        out.findings(found.findings, as_json=as_json)
    elif len(found.sides) < 2:
        out.answer(f"'{which.slug}' has nothing to compare: {paired.FILE} has no sections train and inference")
    else:
        out.answer(f"'{which.slug}': {found.compared} flags are in {' and '.join(found.sides)}, and alike where they must be")
    return 1 if found.findings else 0


def _may(paths: tuple[str, ...], more: bool, *, as_json: bool) -> int:
    if more or not paths:
        raise Usage('--may takes paths, and nothing else', hint='git exp check rules --may PATH…')
    said = may.answers(here.lab(), list(paths), folder=Path.cwd(), environment=os.environ)
    if as_json:
        out.data([one.as_json() for one in said])
    else:
        out.answer('\n'.join(one.line for one in said))
    return 0 if all(one.may for one in said) else 1


def _staged(lab: Lab) -> tuple[list[Finding], str]:
    mode = meta.of(lab.git, lab.trunk_commit, os.environ, lab.config.humans)
    index = Index.at(lab.here or Path.cwd())
    return staged.findings(lab, index, meta=mode.on), f"what is staged on '{index.branch}'" if index.branch else 'what is staged'


def _range(lab: Lab, said: str | None, branch: str | None, ci: bool) -> tuple[list[Finding], str]:
    chosen = asked.span(lab, said, branch=branch, environment=os.environ, ci=ci)
    count = len(chosen.commits)
    on = f" of '{chosen.branch}'" if chosen.branch else ''
    return asked.findings(chosen, ci=ci), f'{count} commit{"" if count == 1 else "s"}{on} up to {chosen.tip[:10]}'
