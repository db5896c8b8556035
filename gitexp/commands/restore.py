"""git exp restore."""
from __future__ import annotations

from datetime import datetime, timezone

from gitexp.commands import here, options, out, turned
from gitexp.commands.declare import command, flag, option
from gitexp.core.errors import Refused, Usage
from gitexp.experiment import restore as bringing
from gitexp.report import radius
from gitexp.tracking import names


@command(
    options.slug,
    option('--bug', metavar='NAME', completes=options.bugs, help='Undo the supersede of that bug instead of the newest.'),
    flag('--all', dest='everywhere', help='In every experiment that the bug has retired something of.'),
    flag('--dry-run', help='Show what it would bring back and what changes, and change nothing.'),
    options.yes,
    options.as_json,
)
def restore(slug: str | None, bug: str | None, everywhere: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Undo a supersede: its rows count again, and its folders get their names back.

    SLUG is the experiment whose worktree this is, unless named. With --all and --bug, it is every experiment, all or none.
    Refused when a whole version is to come back and results have been measured since: retire those first.
    """
    if everywhere and (slug or not bug):
        raise Usage('--all goes with --bug, and without an experiment', hint='git exp restore --all --bug NAME')
    lab = here.lab()
    if bug and not (everywhere or slug or lab.current):
        raise Refused('this is not the worktree of an experiment', hint=f'name one, or take all of them: git exp restore --all --bug {bug}')
    which = None if everywhere else here.experiment(lab, slug).slug
    found, contents = bringing.find(lab, which, bug=bug)
    at_stake = radius.of(lab, contents, found, back=True)
    if dry_run:
        turned.preview(found, at_stake, metric=lab.config.metric, would='would restore', as_json=as_json)
        return
    if turned.agree(found, at_stake, metric=lab.config.metric, verb='restored', yes=yes):
        lab = here.lab()  # Much may have happened while it waited.
    done = bringing.restore(lab, which, now=datetime.now(timezone.utc), bug=bug, shown=found)
    names.catch_up(lab)
    if as_json:
        out.data(turned.data(done, at_stake))
        return
    turned.show(done, did='restored')
