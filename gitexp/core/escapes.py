"""Text as it stands in a cell of a table, and back: the ledger is written so, and rules must read it so."""
from __future__ import annotations

import re

# A leading quote mark would make notebooks read on past the end of the line; control characters and lone surrogates are no text.
_ODD = '\\\\|[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^"'
_ESCAPED = re.compile(r'\\(u[0-9a-f]{4}|[\\tnr])')
_SHORT = {'\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r'}
_LONG = {short[1]: character for character, short in _SHORT.items()}


def escape(text: str | None) -> str:
    """Text without tabs, line ends, control characters and lone surrogates; '' for None."""
    if not text or text.isprintable() and '\\' not in text and text[0] != '"':
        return text or ''
    return re.sub(_ODD, lambda found: _SHORT.get(found[0]) or f'\\u{ord(found[0]):04x}', text)


def unescape(text: str) -> str:
    """What `escape` was given; a stray backslash stands for itself."""
    return _ESCAPED.sub(lambda found: _LONG.get(found[1]) or chr(int(found[1][1:], 16)), text) if '\\' in text else text
