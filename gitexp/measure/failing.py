"""What to tell of an execution that did not end well."""
from __future__ import annotations

from gitexp.measure.voice import Voice

_LINES = 10
_WIDE = 200


def show(tail: bytes, voice: Voice) -> None:
    """Say the last lines of an output, unless it has been shown as it came."""
    if voice.echo is None:
        lines = [_plain(line) for line in tail.decode('utf-8', 'replace').splitlines()[-_LINES:]]
        for line in filter(None, lines):
            voice.say(f'    {line}')


def _plain(line: str) -> str:
    return ''.join(one if one.isprintable() else ' ' for one in line[:_WIDE]).rstrip()
