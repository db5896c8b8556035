"""git exp show"""
from __future__ import annotations

from gitexp.commands import here, options, out
from gitexp.commands.declare import command
from gitexp.ledger import read
from gitexp.report import experiment, onward


@command(options.slug, options.as_json)
def show(slug: str | None, as_json: bool) -> None:
    """Show one experiment: its branch, its versions, and how its trees stand.

    Without SLUG, the one whose worktree this is. The gain of a tree is over the first baseline (vs base; + is better),
    its verdict against the best of the other experiments and of the baselines, both by all the runs that there are now; where
    that is a trunk that holds the experiment, the verdict is the one that its rows have.
    """
    lab = here.lab()
    which = here.experiment(lab, slug)
    found = read.read(lab)
    out.unused(found.findings)
    shown = experiment.view(lab, which, found)
    if as_json:
        out.data(experiment.json(shown))
        return
    out.answer(experiment.text(shown, lab.config.metric, width=out.width()))
    if not here.lacks_rows(lab):
        out.hint(onward.way(shown))
