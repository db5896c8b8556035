"""git exp status"""
from __future__ import annotations

from gitexp.commands import here, options, out
from gitexp.commands.declare import command
from gitexp.guard import alive
from gitexp.report import status as report


@command(options.as_json)
def status(as_json: bool) -> None:
    """Show where you are, what is under way, the best tree, whether the hooks are alive, and what to do next."""
    lab = here.lab()
    now = report.status(lab, alive.state(lab))
    if as_json:
        out.data(report.json(now))
        return
    out.answer(report.text(now, lab.config.metric))
    out.spoilt(now.unused)
    if not here.lacks_rows(lab):
        out.hint(report.way(now))
