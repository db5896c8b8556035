"""Whether a value would be measured on the data that the others of its evaluation were."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, read
from gitexp.ledger.result import ABOUT, Result, Status

KEY = counting.DATA
_SHOWN = 8


def require(lab: Lab, begun: Result, *, say: Callable[[str], None]) -> None:
    """Raise Refused where the newest baseline of the same evaluation, or without one its newest run, had other data, or where only of
    this run it is not known.

    The evaluation's name cannot tell data apart, since it must be known where there is none, as in another clone.
    """
    said = begun.env.get(KEY)
    if begun.eval_id is None:
        return
    baseline = counting.yardstick(read.baselines(lab, begun.eval_id), lab.config.metric).get(begun.eval_id)
    if said is None:
        _refuse_unknown(baseline or _newest(lab, begun.eval_id))
        say('lab_data_md5 is not known, so that nothing tells whether this value was measured on what the others were')
        return
    known = lab.state / 'cache' / f'data-{begun.eval_id}'
    if _read(known) == said if baseline is None else counting.inputs(baseline) == said:
        return
    other = baseline or _newest(lab, begun.eval_id)
    if other and other.env[KEY] != said:
        raise Refused(
            f"the inputs are not those that run {other.id} of '{other.experiment}' was measured on, nor would the values compare: "
            f'lab_data_md5 {said[:_SHOWN]}…, and {other.env[KEY][:_SHOWN]}… then',
            hint='put them back; or if the new data is meant, that makes another evaluation, so name it in its command on the trunk, '
            f'in gitexp.yaml: eval: env DATA=NAME {lab.config.eval.text}',
        )
    try:
        files.replace(known, said)
    except OSError:
        pass  # A read-only repository is slower, not broken.


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


def _newest(lab: Lab, eval_id: str) -> Result | None:
    """The last run of an evaluation that has a value and says on what data, and that nothing has retired."""
    contents = read.read(lab)
    return max((
        row for row in contents.results
        if row.eval_id == eval_id and row.status is Status.OK and row.kind not in ABOUT and row.id not in contents.covered
        and counting.inputs(row)
    ), key=lambda row: row.id, default=None)


def _read(path: object) -> str:
    try:
        return files.read(str(path)).decode()
    except OSError:
        return ''
