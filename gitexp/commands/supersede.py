"""git exp supersede."""
from __future__ import annotations

from datetime import datetime, timezone

from gitexp.commands import here, options, out, turned
from gitexp.commands.declare import command, flag, option
from gitexp.core.errors import Usage
from gitexp.experiment import folders, place
from gitexp.experiment import supersede as retiring
from gitexp.experiment.plan import Cause
from gitexp.experiment.selection import Selection
from gitexp.experiment.supersede import Wanted
from gitexp.lab.lab import Lab
from gitexp.report import radius
from gitexp.tracking import names


@command(
    options.slug,
    option('--bug', required=True, metavar='NAME', help='A name for the bug: lower-case letters, digits and single hyphens.'),
    option('--commit', metavar='COMMIT|A..B', completes=options.commits,
           help='Only rows measured at COMMIT or after it in history, or at the commits of a range.'),
    option('--fixed-in', metavar='COMMIT', completes=options.commits, help='No rows measured at COMMIT or after it in history.'),
    option('--since', metavar='DATE|COMMIT', help='Only runs that began at DATE (UTC) or later, or since COMMIT was made.'),
    option('--eval-id', metavar='ID', help='Only rows of one evaluation: for a bug in the evaluation itself.'),
    option('--runs', action='append', default=[], metavar='ID,...', help='Only these rows. Repeatable.'),
    option('--where', default='', metavar='FILE:LINE', help='Where the bug is, for PLAN.md.'),
    option('--symptom', default='', metavar='TEXT', help='How it showed, for PLAN.md and the row.'),
    option('--fix', default='', metavar='TEXT', help='What puts it right, for PLAN.md.'),
    flag('--dry-run', help='Show what it would retire and what is at stake, and change nothing.'),
    options.yes,
    options.as_json,
)
def supersede(
    slug: str | None, bug: str, commit: str | None, fixed_in: str | None, since: str | None, eval_id: str | None, runs: tuple[str, ...],
    where: str, symptom: str, fix: str, dry_run: bool, yes: bool, as_json: bool,
) -> None:
    """Retire results because of a bug: nothing is deleted, and nothing of it counts any more.

    Without --commit, --fixed-in, --since, --eval-id or --runs that is the current version of SLUG, or of the experiment whose
    worktree this is. results/ and exp_log/ are renamed to results_vN_NAME/ and exp_log_vN_NAME/, plots and ignored files with
    them, and begin anew. PLAN.md gets a section about the root cause, in one commit. A row in the ledger says which rows no
    longer count; none is changed. Undone by `git exp restore`.

    With any of them, it is the rows that meet all of them: those of SLUG, or without SLUG of every experiment, and of the
    baseline. Folders move where the whole current version goes, and stay where some of its rows still count. Of several
    experiments all are retired or none.

    What is at stake is shown first: hours, the best, what was submitted, what was built on it or judged by it. Where several
    experiments or the best are concerned it asks, unless --yes is given.

    The rows and plots of a closed experiment are retired too; the trunk's are named 'baseline'.
    """
    lab = here.lab()
    selection = Selection(since, commit, fixed_in, eval_id, tuple(one for said in runs for one in said.split(',') if one))
    if '' in (since, commit, fixed_in, eval_id) or runs and not selection.runs:
        raise Usage('an option that selects says nothing', hint='give it a value, or leave it out')
    if slug is None and not selection.said:
        slug = here.experiment(lab).slug
    wanted = Wanted(bug, slug, selection)
    found = retiring.find(lab, wanted)
    if found.unknown:
        out.talk(turned.left_out(found.unknown))
    at_stake = radius.of(lab, found.contents, found.turned)
    more = None if selection.said or as_json else _more(lab, bug, radius.in_trunk(lab, found.contents, found.turned))
    if dry_run:
        turned.preview(found.turned, at_stake, metric=lab.config.metric, would='would retire', as_json=as_json)
        if more:
            out.hint(more)
        return
    if turned.agree(found.turned, at_stake, metric=lab.config.metric, verb='retired', yes=yes):
        lab = here.lab()  # Much may have happened while it waited.
    cause = Cause(bug, where=where, symptom=symptom, fix=fix)
    done = retiring.supersede(lab, wanted, cause=cause, now=datetime.now(timezone.utc), shown=found.turned)
    names.catch_up(lab)
    if as_json:
        out.data(turned.data(done, at_stake))
        return
    turned.show(done, did='retired')
    if any(one.commit for one in done):
        out.hint('fill in the root cause in PLAN.md, then fix the bug and measure again: git exp eval')
    for one in done:
        kept = place.kept(lab, one.experiment)
        if kept and not one.left and one.folder != kept and folders.there(kept):
            out.hint(f"what '{one.experiment}' had before it was closed keeps its names in '{kept}': move it to what is retired")
    if more:
        out.hint(more)


def _more(lab: Lab, bug: str, commit: str | None) -> str | None:
    return commit and f'{lab.trunk} holds it: git exp supersede --bug {bug} --commit {commit[:10]} takes the baseline as well'
