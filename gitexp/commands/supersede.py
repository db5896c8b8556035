"""git exp supersede."""
from __future__ import annotations

from datetime import datetime, timezone

import click

from gitexp.commands import here, options, out, turned
from gitexp.experiment import versions
from gitexp.experiment.plan import Cause


@click.command()
@options.slug
@click.option('--bug', required=True, metavar='NAME', help='A name for the bug: lower-case letters, digits and single hyphens.')
@click.option('--where', default='', metavar='FILE:LINE', help='Where the bug is, for PLAN.md.')
@click.option('--symptom', default='', metavar='TEXT', help='How it showed, for PLAN.md and the row.')
@click.option('--fix', default='', metavar='TEXT', help='What puts it right, for PLAN.md.')
@click.option('--dry-run', is_flag=True, help='List the rows and folders it would retire, and change nothing.')
@options.as_json
def supersede(slug: str | None, bug: str, where: str, symptom: str, fix: str, dry_run: bool, as_json: bool) -> None:
    """Retire the current version of an experiment's results because of a bug.

    SLUG is the experiment whose worktree this is, unless named. results/ and exp_log/ are renamed to results_vN_NAME/ and
    exp_log_vN_NAME/, plots and ignored files with them, and begin anew. PLAN.md gets a section about the root cause, in one commit.
    A row in the ledger says which rows no longer count; none is changed. Undone by `git exp restore`.

    The rows and plots of a closed experiment are retired too; the trunk's are named 'baseline'.
    """
    lab = here.lab()
    cause = Cause(bug, where=where, symptom=symptom, fix=fix)
    done = versions.supersede(lab, here.experiment(lab, slug).slug, cause=cause, now=datetime.now(timezone.utc), dry_run=dry_run)
    if as_json:
        out.data(turned.data(done))
        return
    turned.show(done, metric=lab.config.metric.name, did='retired', would='would retire')
    if done.row and done.commit:
        out.hint("fill in the root cause in PLAN.md, then fix the bug and measure again: git exp eval")
