"""The start of the program: quick to begin, and quick to be gone."""
from __future__ import annotations

import gc
import os
import signal
import sys

_MEASURING = (['baseline'], ['eval'])


def main() -> None:
    """Run the command line and exit with its code."""
    # A command lives for a moment: collecting cycles and taking the interpreter down cost it 10 ms of nothing.
    gc.disable()
    _open_closed()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # Where whoever starts this ignores it, the end of a child could not be waited for.
    if not sys.flags.utf8_mode and sys.getfilesystemencoding() != 'utf-8':
        # In a locale of another encoding names would reach git otherwise than git's own answers are read.
        os.execv(sys.executable, [sys.executable, '-X', 'utf8', *sys.orig_argv[1:]])
    if sys.argv[1:2] in _MEASURING:
        from gitexp.core import anew
        anew.start()
    try:
        from gitexp import cli
        code = cli.run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    sys.stderr.flush()
    os._exit(code)


def _open_closed() -> None:
    """Where somebody has closed them, as daemons do, the next file that is opened would be what children read or print to."""
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)  # The lowest number that is free.
            os.set_inheritable(handle, True)
            setattr(sys, name, open(handle, 'w' if number else 'r', encoding='utf-8', closefd=False))


if __name__ == '__main__':
    main()
