"""Whether a value would be measured on the data that the others of its evaluation were."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, read, retired, standing
from gitexp.ledger.result import ABOUT, Result, Status

KEY = counting.DATA
_SHOWN = 8


def require(lab: Lab, begun: Result, *, say: Callable[[str], None]) -> None:
    """Raise Refused where the data are not those that the same evaluation goes by, or without that its newest run had, or where only
    of this run it is not known.

    The evaluation's name cannot tell data apart, since it must be known where there is none, as in another clone.
    """
    said = begun.env.get(KEY)
    if begun.eval_id is None:
        return
    wanted = counting.told(standing.trees(lab, begun.eval_id).data or '')
    if said is None:
        _refuse_unknown(_other(lab, begun.eval_id))
        say('lab_data_md5 is not known, so that nothing tells whether this value was measured on what the others were')
        return
    if said == wanted:
        return
    other = _other(lab, begun.eval_id)
    if other and other.env[KEY] != said:
        raise Refused(
            f"the inputs are not those that run {other.id} of '{other.experiment}' was measured on, nor would the values compare: "
            f'lab_data_md5 {said[:_SHOWN]}…, and {other.env[KEY][:_SHOWN]}… then',
            hint='put them back; or if the new data is meant, that makes another evaluation, so name it in its command on the trunk, '
            f'in gitexp.yaml: eval: env DATA=NAME {lab.config.eval.text}',
        )


def require_machine(lab: Lab, begun: Result) -> None:
    """Raise Refused where a baseline begins on another machine than a tree had that has won, and no other baseline is there.

    It would be the first, and take that tree out of the way of worse ones.
    """
    here, name = counting.machine(begun.env), begun.eval_id
    if name is None or any(counting.CPUS in row.env and counting.competes(row, lab.config.metric) for row in read.baselines(lab, name)):
        return
    rows = standing.alive(read.read(lab))
    won, runs = standing.winners(rows), [row for row in rows if row.eval_id == name and counting.CPUS in row.env]
    other = next((row for row in runs if (name, row.tree) in won and counting.machine(row.env) != here), None)
    if other:
        raise Refused(
            f"here are {here}, and run {other.id} of '{other.experiment}', which has won, had {counting.machine(other.env)}",
            hint='measure on the same; or if the other machine is meant, that makes another evaluation, so name it in its command on the '
            f'trunk, in gitexp.yaml: eval: env MACHINE=2 {lab.config.eval.text}',
        )


def tell(lab: Lab, eval_id: str, now: Mapping[str, str], *, say: Callable[[str], None]) -> None:
    """Say which variables have other values than when the newest baseline was measured, as far as its row says."""
    newest = max(read.baselines(lab, eval_id), key=lambda row: row.id, default=None)
    then = newest.env.get('variables') if newest else None
    other = [name for name in sorted({*now, *then}) if now.get(name) != then.get(name)] if isinstance(then, dict) else []
    if newest and other:
        say(f'other values than run {newest.id} of the baseline had, so that the results may not compare: {", ".join(other)}')


def _refuse_unknown(other: Result | None) -> None:
    if other:
        raise Refused(
            f"it cannot be told what this would be measured on, as it can of run {other.id} of '{other.experiment}' (lab_data_md5)",
            hint='the inputs belong in the root of the lab, where all of them can be read; where there was no time for some, run it again',
        )


def _other(lab: Lab, eval_id: str) -> Result | None:
    """The run that holds an evaluation to its data, else the last that has a value and says on what, and that nothing has retired."""
    contents, metric = read.read(lab), lab.config.metric
    rows = standing.alive(contents)
    gone, vouched = retired.of(contents.results), counting.vouching(rows)
    runs = sorted((
        row for row in rows
        if row.eval_id == eval_id and row.status is Status.OK and row.kind not in ABOUT and counting.inputs(row)
    ), key=lambda row: gone.since(row.id, retired.lot(row)))
    holding = (row for row in runs if counting.holds(row, vouched) and counting.competes(row, metric))
    return next(holding, runs[-1] if runs else None)
