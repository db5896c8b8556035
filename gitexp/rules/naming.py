"""What folders of results and logs are called within an experiment: results, exp_log, and results_v<N>_<tag>, exp_log_v<N>_<tag>.

Names that say "newer" or "once more" in another way hide which version is the current one. Only what is added right below
experiments/<slug>/ is looked at: what was there before stays as it is, and how results/ is divided is nobody's business.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

# Texts, since compiling them costs a command that looks at no such folder 1 ms.
_RIGHT = r'(?a)(results|exp_log)(_v[1-9]\d*_[A-Za-z0-9][\w.-]*)?'
_OUTPUT = r'(results?|exp[_-]?logs?)'
_WRONG = (
    rf'(?s){_OUTPUT}([^a-z].*)?',
    rf'(new|newest|latest|last|old|older|prev|previous|current|final|best|bak|backup|copy|tmp)[_-]?{_OUTPUT}',
    r'(re-?)?(run|attempt|try|trial)s?[_-]?\d+',
    r'(latest|newest)([_-](run|attempt|try|trial|version))?',
)
_TIMESTAMP = r'\d[\d_.:+ tz-]*'
_DIGITS = 8  # As many as a date has.
# All that may be wrong and little else: never results/ and exp_log/ themselves, so that a plot does not cost a start of Python.
_SPECS = (
    'result', 'result[!s]*', 'results?*', '?*result*', 'explog*', 'exp-log*', 'exp_log?*', '?*exp*log*',
    '*run*[0-9]', '*attempt*[0-9]', '*tr[iy]*[0-9]', 'latest*', 'newest*', '[0-9]*',
)


def wrong(name: str) -> bool:
    """Whether a folder of an experiment has a name that none may have."""
    folded = name.lower()
    if re.fullmatch(_RIGHT, name):
        return False
    return any(re.fullmatch(form, folded) for form in _WRONG) or _is_timestamp(folded)


def _is_timestamp(name: str) -> bool:
    return re.fullmatch(_TIMESTAMP, name) is not None and sum(sign.isdigit() for sign in name) >= _DIGITS


def pathspecs(experiments: str) -> Iterator[str]:
    """What selects in git all that may have a wrong name; `experiments` is the folder of experiments as a pattern."""
    spelt = [f':(top,icase,glob){experiments}/*/{one}' for one in _SPECS]
    capital = [f':(top,glob){experiments}/*/{one}' for name in ('results', 'exp_log') for one in _with_a_capital(name)]
    for start in (*spelt, *capital):
        yield from (start, f'{start}/**')


def _with_a_capital(name: str) -> Iterator[str]:
    """Globs for a name with at least one letter in upper case."""
    for at, sign in enumerate(name):
        if sign.isalpha():
            yield '?' * at + sign.upper() + '?' * (len(name) - at - 1)
