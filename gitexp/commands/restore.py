"""git exp restore."""
from __future__ import annotations

from datetime import datetime, timezone

import click

from gitexp.commands import here, options, out, turned
from gitexp.experiment import versions


@click.command()
@options.slug
@click.option('--bug', metavar='NAME', help='Undo the supersede of that bug instead of the newest.')
@click.option('--dry-run', is_flag=True, help='List the rows and folders it would bring back, and change nothing.')
@options.as_json
def restore(slug: str | None, bug: str | None, dry_run: bool, as_json: bool) -> None:
    """Undo a supersede: its rows count again, and its folders get their names back.

    SLUG is the experiment whose worktree this is, unless named. Refused when results have been measured since: retire those first.
    """
    lab = here.lab()
    done = versions.restore(lab, here.experiment(lab, slug).slug, now=datetime.now(timezone.utc), bug=bug, dry_run=dry_run)
    if as_json:
        out.data(turned.data(done))
        return
    turned.show(done, metric=lab.config.metric.name, did='restored', would='would restore')
