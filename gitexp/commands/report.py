"""git exp report"""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from gitexp.commands import here, options, out
from gitexp.commands.declare import command, option
from gitexp.core.errors import Usage
from gitexp.report import document, log, view


@command(
    option('--csv', metavar='FILE', help='Write all runs into FILE instead, as CSV.'),
    options.as_json,
)
def report(csv: str | None, as_json: bool) -> None:
    """Write docs/experiment_results.md from the ledger.

    Once it is there, each run that succeeds writes it anew; a page without its line "Generated: ... by git exp report" is left
    alone. Where gitexp.yaml names axes:, numbers that a run prints beside its
    metric, the means of what counts are shown with the first one down and the second one across, and the power law that fits
    their fall with the first one best; each further axis makes sections. It is a view: remove it, and it is written again as
    it was.
    """
    if as_json and csv is not None:
        raise Usage('--json and --csv exclude each other')
    lab = here.lab()
    if csv is not None:
        view.write(Path(csv), log.text(lab), ours=log.OURS)
        out.answer(Path(csv).absolute())
    elif as_json:
        out.data(document.as_json(document.of(lab)))
    else:
        out.answer(document.write(lab, datetime.now(timezone.utc)))
