"""How a run ended, by the words of those who wrote it down: to keep or to discard a result, it must have been measured."""
from __future__ import annotations

from collections.abc import Mapping

from gitexp.ledger.foreign import columns
from gitexp.ledger.result import Status

_WORDS = {
    Status.OK: """
        keep kept keeping accept accepted adopt adopted improve improved improvement better best new_best win baseline success ok pass
        passed done complete completed finished discard discarded reject rejected revert reverted rollback rolled_back drop dropped worse
        regression regressed no_improvement no_change no_op neutral tie same duplicate iterate""",
    Status.FAILED: """
        crash crashed fail failed failure error errored broken bug exception checks_failed invalid metric_error hook_blocked diverged""",
    Status.TIMEOUT: 'timeout timed_out time_out',
    Status.OOM: 'oom out_of_memory cuda_oom',
    Status.THERMAL_ABORT: 'thermal_abort',
    Status.INTERRUPTED: 'interrupted aborted cancelled canceled',
}
_KNOWN = {word: status for status, words in _WORDS.items() for word in words.split()}


def meanings(told: Mapping[str, Status]) -> dict[str, Status]:
    """What each word means, those of `told` first."""
    return {**_KNOWN, **{columns.plain(word): status for word, status in told.items()}}


def of(word: str, known: Mapping[str, Status]) -> Status | None:
    """The status that a word means, of which the beginning is enough: 'keep (reworked)'."""
    plain = columns.plain(word)
    return known.get(plain) or known.get(plain.partition('_')[0])
