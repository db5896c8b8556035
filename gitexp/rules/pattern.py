"""Path patterns: git's `:(icase,glob)` from the root, and what they match in Python."""
from __future__ import annotations

import re
from functools import cached_property, lru_cache
from itertools import accumulate, takewhile

from gitexp.core.errors import Usage

# Names beyond printable ASCII are always looked at in Python: git folds neither their case nor their composed forms.
ODD = (':(top,glob)**/*[! -~]*', ':(top,glob)**/*[! -~]*/**')
_LONGEST = 4096  # bytes of a path, as Linux takes them
_NAME = 1020  # bytes of a name in it: 255 characters, of which none has more than four
_STARS = re.compile(r'\*{2,}')
_SPECIAL = re.compile(r'[*?\[\\]')
_DOCUMENT = re.compile(r'[^/*]\.[a-z]+\Z')


class Pattern:
    """`said` is what was written without empty steps, `text` its folded form, in which `**` stands alone between slashes.

    One that stands `alone` names a path and nothing below it, as what is in place of a folder.
    """

    def __init__(self, text: str, said: str, *, alone: bool = False) -> None:
        self.text = text
        self.said = said
        self.alone = alone

    @cached_property
    def pathspecs(self) -> tuple[str, ...]:
        """What selects in git every ASCII path that `covers` says yes to."""
        whole = f':(top,icase,glob){self.text}'
        if self.alone:
            return (_alone(self.text),)
        below = () if self.is_literal or self.text.endswith('**') else (f'{whole}/**',)
        return whole, *below

    @cached_property
    def ways(self) -> tuple[str, ...]:
        """What selects in git what stands in place of a folder on the way to what is named, as far as that says how many there are."""
        return tuple(_alone(way) for way in accumulate(takewhile('**'.__ne__, self.text.split('/')[:-1]), '{}/{}'.format))

    @property
    def is_literal(self) -> bool:
        return not _SPECIAL.search(self.text)

    def covers(self, path: str) -> bool:
        """Whether the pattern names this path or a folder above it, whatever the case and the Unicode form."""
        folded = fold(path)
        if self.is_literal:
            return folded == self.text or not self.alone and folded.startswith(f'{self.text}/')
        # Compiling costs more than all else, and most paths differ before the first special character.
        return folded.startswith(self._head) and self._regex.match(folded) is not None

    @property
    def is_document(self) -> bool:
        """Whether what it names is called like a file."""
        return _DOCUMENT.search(self.text) is not None

    def is_above(self, path: str) -> bool:
        """Whether it names a folder that a path is in, and does not say that it is one."""
        return not self.text.endswith('**') and self.covers(path.rpartition('/')[0])

    def leads(self, folder: str) -> bool:
        """Whether what it names may be in a folder, by how it begins; never where any folder will do."""
        folded = f'{fold(folder)}/'
        return bool(self._head) and (folded.startswith(self._head) or self._head.startswith(folded))

    @cached_property
    def _head(self) -> str:
        return _SPECIAL.split(self.text, 1)[0]

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        # git takes a path that is the pattern's own text for a match, too: a file may be called 'a[1].py'.
        return re.compile(f'(?:{_translated(self.text)}|{re.escape(self.text)})(?:/.*)?\\Z', re.DOTALL | re.IGNORECASE | re.ASCII)


def of(said: str) -> Pattern:
    """Read a pattern; raises Usage for what git would never match, or would read otherwise."""
    if is_long(said):
        raise Usage(f"the pattern '{said[:50]}…' is too long", hint='no path is of that length')
    steps = [step for step in said.split('/') if step not in ('', '.')]
    folded = [_single(fold(step)) for step in steps]
    for step in folded:
        _refuse(said, step)
    return Pattern('/'.join(folded) or '**', '/'.join(steps))


def holding(inside: Pattern) -> Pattern:
    """The pattern of a folder where one names all that is in it, however it is called: what stands in place of the folder counts, too."""
    found = re.fullmatch(r'((?:.*/)?[^*?\[\\/]+)(?:/\*{2,})*/\*+', inside.said, re.DOTALL)
    return of(found[1]) if found else inside


def ways(inside: Pattern) -> list[Pattern]:
    """The folders that lead to what is named, down to the first name that is not fixed: they alone, and not what is in them."""
    steps = inside.said.split('/')
    plain = takewhile(lambda step: not _SPECIAL.search(step), steps[:-1])
    return [Pattern(fold(path), path, alone=True) for path in accumulate(plain, '{}/{}'.format)]


def literal(path: str) -> str:
    """A pattern that names exactly this path."""
    return _SPECIAL.sub(r'\\\g<0>', path)


def fold(text: str) -> str:
    """The form in which names that a file system may take for one another are equal."""
    return text.lower() if text.isascii() else _folded(text)


def _alone(text: str) -> str:
    """What selects in git a path by a folded pattern, and nothing below it."""
    # A name with a special character is no folder to git, of which all is selected.
    return f':(top,icase,glob){text}' if _SPECIAL.search(text) else f':(top,icase,glob){text[:-1]}[\\{text[-1]}]'


def is_long(path: str) -> bool:
    """Whether no file system could hold a path; to fold a name takes time that grows with the square of its length."""
    data = path.encode('utf-8', 'surrogateescape')
    return len(data) > _LONGEST or max(map(len, data.split(b'/'))) > _NAME


@lru_cache(maxsize=1024)
def _folded(text: str) -> str:
    from unicodedata import normalize
    return normalize('NFC', normalize('NFC', text).casefold())


def _single(step: str) -> str:
    """`**` within a name means `*`; git reads it in two ways, by what stands before it."""
    return '**' if set(step) == {'*'} and len(step) > 1 else _STARS.sub('*', step)


def _refuse(said: str, step: str) -> None:
    if step == '..':
        raise Usage(f"the pattern '{said}' leaves the repository", hint='patterns start at the root of the repository')
    if said.startswith('!'):
        raise Usage(f"the pattern '{said}' starts with '!', and patterns cannot be taken back", hint=r'for a name that starts so: \!name')
    try:
        _step(step)
    except IndexError:
        problem = "has an open '[' or ends in a backslash"
        raise Usage(f"the pattern '{said}' {problem}", hint=r'for a name with that character: \[ or \\') from None


def _translated(text: str) -> str:
    steps = text.split('/')
    parts = [_any_depth(last=number == len(steps) - 1) if step == '**' else _step(step) for number, step in enumerate(steps)]
    joined = ''.join(part if step == '**' else f'{part}/' for part, step in zip(parts, steps))
    return joined if steps[-1] == '**' else joined[:-1]


def _any_depth(*, last: bool) -> str:
    return '.*' if last else '(?:.*/)?'


def _step(step: str) -> str:
    """One step between slashes as a regular expression; raises IndexError where it ends too early."""
    parts, at = [], 0
    while at < len(step):
        part, at = _token(step, at)
        parts.append(part)
    return ''.join(parts)


def _token(step: str, at: int) -> tuple[str, int]:
    sign = step[at]
    if sign == '*':
        return '[^/]*', at + 1
    if sign == '?':
        return '[^/]', at + 1
    if sign == '\\':
        return re.escape(step[at + 1]), at + 2
    if sign == '[':
        return _bracket(step, at + 1)
    return re.escape(sign), at + 1


def _bracket(step: str, at: int) -> tuple[str, int]:
    """A set such as [a-c_] or [!0-9]; a ']' in first place stands for itself."""
    negated = step[at] in '!^'
    at += negated
    items: list[str] = []
    while step[at] != ']' or not items:
        low, at = _one(step, at)
        if step[at] == '-' and step[at + 1] != ']':
            high, at = _one(step, at + 1)
            items.append(f'{re.escape(low)}-{re.escape(high)}' if low <= high else '')
        else:
            items.append(re.escape(low))
    body = ''.join(items)
    if negated:
        return f'[^/{body}]', at + 1
    return f'(?!/)[{body}]' if body else r'[^\s\S]', at + 1


def _one(step: str, at: int) -> tuple[str, int]:
    if step[at] == '[' and step[at + 1] == ':':
        raise IndexError
    at += step[at] == '\\'
    return step[at], at + 1
