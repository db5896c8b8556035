"""What folders of results and logs are called within an experiment: results, exp_log, and results_v<N>_<tag>, exp_log_v<N>_<tag>.

Names that say "newer" or "once more" in another way hide which version is the current one. Only what is added right below
experiments/<slug>/ is looked at: what was there before stays as it is, and how results/ is divided is nobody's business.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

_RIGHT = re.compile(r'(results|exp_log)(_v[1-9]\d*_[A-Za-z0-9][\w.-]*)?', re.ASCII)
_OUTPUT = r'(results?|exp[_-]?logs?)'
_WRONG = (
    re.compile(rf'{_OUTPUT}([^a-z].*)?', re.DOTALL),
    re.compile(rf'(new|newest|latest|last|old|older|prev|previous|current|final|best|bak|backup|copy|tmp)[_-]?{_OUTPUT}'),
    re.compile(r'(re-?)?(run|attempt|try|trial)s?[_-]?\d+'),
    re.compile(r'(latest|newest)([_-](run|attempt|try|trial|version))?'),
)
_TIMESTAMP = re.compile(r'\d[\d_.:+ tz-]*')
_DIGITS = 8  # As many as a date has.
# All that may be wrong and little else: never results/ and exp_log/ themselves, so that a plot does not cost a start of Python.
_SPECS = (
    'result', 'result[!s]*', 'results?*', '?*result*', 'explog*', 'exp-log*', 'exp_log?*', '?*exp*log*',
    '*run*[0-9]', '*attempt*[0-9]', '*tr[iy]*[0-9]', 'latest*', 'newest*', '[0-9]*',
)


def wrong(name: str) -> bool:
    """Whether a folder of an experiment has a name that none may have."""
    folded = name.lower()
    if _RIGHT.fullmatch(name):
        return False
    return any(form.fullmatch(folded) for form in _WRONG) or _is_timestamp(folded)


def _is_timestamp(name: str) -> bool:
    return _TIMESTAMP.fullmatch(name) is not None and sum(sign.isdigit() for sign in name) >= _DIGITS


def pathspecs(experiments: str) -> Iterator[str]:
    """What selects in git all that may have a wrong name; `experiments` is the folder of experiments as a pattern."""
    for start in (f':(top,icase,glob){experiments}/*/{one}' for one in _SPECS):
        yield from (start, f'{start}/**')
    yield from (f':(top,glob){experiments}/*/*[A-Z]*{below}' for below in ('', '/**'))
