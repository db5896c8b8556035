"""git exp best"""
from __future__ import annotations

from gitexp.commands import here, options, out
from gitexp.commands.declare import command
from gitexp.core.errors import No
from gitexp.report import best as report, kept, merged


@command(options.as_json)
def best(as_json: bool) -> None:
    """Show the best tree by all the runs that there are now, and how sure that is.

    A tree is as good as the mean of its seeds under the lab's own evaluation, or while that has measured nothing, as it says
    then, under the newest; what crashed, lies outside the bounds or is superseded does not count. A gain too large to be
    believed at once is shown as not confirmed. Exit code 1 when nothing is measured.
    """
    lab = here.lab()
    overview = kept.overview(lab, experiments=False)
    lacks = here.lacks_rows(lab)
    out.spoilt(overview.unused)
    found = overview.best and merged.best(lab, overview.best)
    if found is None and (overview.rows or lacks):
        raise No('nothing is measured that counts', hint='git exp sync --local' if lacks else 'git exp results')
    if found is None:
        raise No('nothing is measured yet', hint='git exp baseline')
    here.tell_evaluation(lab, found.eval_id)
    if as_json:
        out.data(report.json(found, lab.config.metric))
    else:
        out.answer(report.text(found, lab.config.metric, width=out.width()))
