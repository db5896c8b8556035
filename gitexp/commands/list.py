"""git exp list"""
from __future__ import annotations

from gitexp.commands import here, options, out
from gitexp.commands.declare import command
from gitexp.report import experiments, kept


@command(options.as_json)
def list(as_json: bool) -> None:
    """List the experiments, the one that was last active at the end.

    Each is shown by its best tree that counts: the number of its seeds, their mean, the gain over the first baseline (vs base; +
    is better), and the verdict on it against the best of the other experiments and of the baselines. An experiment is running,
    open while it has a worktree, and closed while it has a branch; merged is one that won and that the trunk holds, and
    its verdict is against what was there before it, while it is better than that; remote is one whose branch only a remote has,
    rows one of which there are only rows here.
    """
    lab = here.lab()
    overview = kept.overview(lab)
    running = {result.experiment for result in experiments.running(lab)}
    lines = experiments.lines(lab, overview.experiments, running)
    if as_json:
        out.data(experiments.json(lines))
    elif lines:
        out.answer(experiments.text(lines, lab.config.metric, width=out.room()))
    else:
        out.talk('there is no experiment yet')
        out.hint('git exp new SLUG')
    here.tell_evaluation(lab, overview.best.eval_id if overview.best else None)
    out.spoilt(overview.unused)
    here.lacks_rows(lab)
