"""git exp results"""
from __future__ import annotations

import sys
from pathlib import Path

from gitexp.commands import here, options, out
from gitexp.commands.declare import command, flag, option
from gitexp.core.errors import No, Usage
from gitexp.experiment import place
from gitexp.experiment.slug import RESERVED
from gitexp.lab.config import REPORTS
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, read, standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result, Status
from gitexp.report import kept, rows
from gitexp.report.rows import Wanted
from gitexp.verdict.verdict import Kind

VERDICTS = (*(kind.value for kind in Kind), *counting.WORDS, rows.BUG)


@command(
    options.slug,
    option('--status', choices=[status.value for status in Status], help='Only the runs that ended so.'),
    option('--verdict', choices=VERDICTS, metavar='VERDICT',
           help=f"Only the runs that the table shows so: {', '.join(VERDICTS)}. Retired ones are found by their verdict too."),
    options.as_json,
    flag('--tsv', dest='as_tsv', help="Print the rows in the ledger's own format."),
    option('--plot', nargs='?', const='', metavar='FILE',
           help='Draw them into FILE (.png, .svg or .pdf) and print its path. Default: results.png in 9_reports, or else in .git/exp.'),
)
def results(slug: str | None, status: str | None, verdict: str | None, as_json: bool, as_tsv: bool, plot: str | None) -> None:
    """Show the rows of the ledger, the newest last; with SLUG, only those of that experiment.

    A row that a bug has spoilt shows the bug in the place of its verdict. The verdict of a row is the one of its own day:
    git exp best and git exp show judge by all runs there are now.
    """
    if as_json + as_tsv + (plot is not None) > 1:
        raise Usage('--json, --tsv and --plot exclude each other')
    lab = here.lab()
    found = read.read(lab)
    out.unused(found.findings)
    lacks = here.lacks_rows(lab)
    if slug is not None and slug not in RESERVED and all(row.experiment != slug for row in found.results):
        place.check_name(lab, slug)
        place.check_known(lab, slug, place.now(lab, slug), ())
    wanted = Wanted(slug, Status(status) if status else None, verdict)
    silent = standing.silent(found, lab.config.metric)
    taken = [row for row in found.results if wanted.takes(row, found.covered, silent)]
    if plot is not None:
        out.answer(_plot(lab, found, taken, plot))
    elif as_json:
        out.data(rows.json(taken, found.covered, silent))
    elif as_tsv:
        sys.stdout.buffer.write(rows.tsv(taken, metric=lab.config.metric.name))
    elif taken:
        out.answer(rows.text(taken, found.covered, silent, metric=lab.config.metric.name, width=out.room()))
    elif not lacks:
        _say_why(found)


def _plot(lab: Lab, found: Contents, taken: list[Result], name: str) -> Path:
    from gitexp.report import counted, curve, progress
    if not taken:
        raise No('there is nothing to draw', hint='git exp results')
    folder = lab.root / REPORTS
    path = Path(name) if name else (folder if folder.is_dir() else lab.state) / 'results.png'
    best = kept.overview(lab, experiments=False).best
    jumps = {best.tree} if best and 'jump' in best.flags else set()
    silent = counted.silent(lab, found)
    progress.draw(curve.curve(taken, metric=lab.config.metric, covered=found.covered, silent=silent, jumps=jumps), path)
    return path.absolute()


def _say_why(found: Contents) -> None:
    """An empty answer is an answer; what led to it is talk."""
    if found.results:
        many = len(found.results)
        out.talk(f'the ledger has {many} row{"" if many == 1 else "s"}, and none is like that')
    else:
        out.talk('nothing is measured yet')
        out.hint('git exp baseline')
