"""Whether a value would be measured on the data that the others of its evaluation were."""
from __future__ import annotations

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab
from gitexp.ledger.result import ABOUT, Result, Status

KEY = 'lab_data_md5'  # in env: that of the inputs without what only the experiment has
_SHOWN = 8


def require(lab: Lab, begun: Result) -> None:
    """Raise Refused where the newest run of the same evaluation had other data; where either md5 is unknown, nothing can be told.

    The evaluation's name cannot tell data apart, since it must be known where there is none, as in another clone.
    """
    said = begun.env.get(KEY)
    if said is None or begun.eval_id is None:
        return
    known = lab.state / 'cache' / f'data-{begun.eval_id}'
    if _read(known) == said:
        return
    other = _newest(lab, begun.eval_id)
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


def _newest(lab: Lab, eval_id: str) -> Result | None:
    """The last run of an evaluation that has a value and says on what data, and that nothing has retired."""
    from gitexp.ledger import read
    contents = read.read(lab)
    return max((
        row for row in contents.results
        if row.eval_id == eval_id and row.status is Status.OK and row.kind not in ABOUT and row.id not in contents.covered
        and isinstance(row.env.get(KEY), str)
    ), key=lambda row: row.id, default=None)


def _read(path: object) -> str:
    try:
        return files.read(str(path)).decode()
    except OSError:
        return ''
