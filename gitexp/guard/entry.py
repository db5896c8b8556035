"""What a hook stub starts: `python -I -S`, only the standard library; with site-packages when gitexp.yaml has to be parsed first."""
from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from gitexp.core import finding
from gitexp.core.errors import Failure


def main() -> None:
    """Run the hook named by the arguments, and exit: 0 lets git go on, 1 does not."""
    gc.disable()  # Collecting what a process of 50 ms leaves, and tidying up after it, costs 8 of them.
    code = run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)


def run(words: list[str]) -> int:
    """Run one hook; whatever cannot be judged is refused."""
    try:
        return _run(words)
    except ModuleNotFoundError as error:
        if sys.flags.no_site and 'site' not in sys.modules:
            import site
            site.main()  # What -S has put off.
            return run(words)
        _say(f'gitexp: refused: the Python module {error.name} is gone', 'install gitexp again, then: git exp hook install')
        return 1


def _run(words: list[str]) -> int:
    from gitexp.guard import hooked
    try:
        return hooked.run(words[0], words[1:], Path.cwd(), os.environ)
    except Failure as error:
        _say(f'gitexp: refused: {error.message}', error.hint)
    except OSError as error:
        _say(f'gitexp: refused: {error}', None)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        _say(finding.failed(error), None)
    return 1


def _say(text: str, hint: str | None) -> None:
    lines = text + (f'\nhint: {hint}' if hint else '') + '\n'
    sys.stderr.buffer.write(lines.encode('utf-8', 'surrogateescape'))
