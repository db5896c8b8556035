"""Whether a text keeps its committed sections, by bytes.

A section is a '## ' heading and what follows it up to the next one; what stands before the first is the header. The header and the
sections with a live heading may change freely, the others stay as they are, once and in order; new ones follow below the last, or
where their number belongs.

Decided on purpose: a committed section whose body is empty, blank or only HTML comments, may be filled. So may a field, which is
a list item that ends in a colon, on its own line. Line ends and blank lines at the end of a section only separate it from the
next one; every other byte counts, so that converting a file to CRLF is an edit. A byte order mark is the header's, and one of
UTF-16 is read as it says.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from functools import reduce
from operator import or_

from gitexp.rules import headings

_NUMBER = r'\A\d+(\.\d+)*[.):]?\s+'
_WHOLE = r'\d{1,9}(?=[.):]?\s|$)'
_FIELD = rb'\s*[-*] .*:\s*'


def kept(old: bytes, new: bytes, live: Iterable[str]) -> str | None:
    """What is wrong with `new` as a successor of `old`, None when nothing is; `live` are headings, with or without their number."""
    live = list(live)
    olds, news = _closed(old, live), _closed(new, live)
    at = 0
    for before, section in zip((b'## 0', *olds), olds):
        keeps = _keeper(section)
        while at < len(news) and not keeps(news[at]) and _belongs(before, news[at], section):
            at += 1
        if at == len(news) or not keeps(news[at]):
            return _lost(section, news)
        at += 1
    had, has = Counter(olds), Counter(news)
    twice = next((section for section in olds if has[section] > had[section]), None)
    return None if twice is None else f'the section {_shown(twice)} is there twice'


def merged(sides: Iterable[bytes], new: bytes, live: Iterable[str]) -> str | None:
    """What is wrong with `new` as a merge: each side's committed sections are there, once and in their order, and what is new follows."""
    live = list(live)
    olds, news = [_closed(side, live) for side in sides], _closed(new, live)
    known: set[int] = set()
    for side in olds:
        rest = enumerate(news)
        for one in side:
            keeps = _keeper(one)
            at = next((at for at, section in rest if keeps(section)), None)
            if at is None:
                return f'the merge loses or moves the section {_shown(one)}'
            known.add(at)
    most = reduce(or_, map(Counter, olds), Counter[bytes]())
    twice = next((one for one, count in Counter(news).items() if count > most[one] > 0), None)
    return _misplaced(news, known) if twice is None else f'the merge doubles the section {_shown(twice)}'


def held(old: bytes, new: bytes, live: Iterable[str]) -> str | None:
    """What is wrong with `new` after merges: published sections are there in order, and none of the same name stands above one."""
    live = list(live)
    olds, news = _closed(old, live), _closed(new, live)
    rest, first, now = iter(news), _firsts(olds), _firsts(news)
    lost = next((one for one in olds if not any(map(_keeper(one), rest))), None)
    if lost is not None:
        return _lost(lost, news)
    below = next((one for name, one in first.items() if not _keeper(one)(now[name])), None)
    return None if below is None else f'the section {_shown(below)} stands below another one of that name'


def _firsts(sections: Sequence[bytes]) -> dict[str, bytes]:
    """The first section of each name."""
    return {_heading(one).casefold(): one for one in reversed(sections)}


def _misplaced(news: Sequence[bytes], known: Set[int]) -> str | None:
    """A section that no side has, above one that a side has, where its number does not belong."""
    before, more = b'## 0', list[bytes]()
    for at, section in enumerate(news):
        if at not in known:
            more.append(section)
            continue
        wrong = next((one for one in more if not _belongs(before, one, section)), None)
        if wrong is not None:
            return f'the merge puts the section {_shown(wrong)} above {_shown(section)}'
        before, more = section, []
    return None


def _closed(text: bytes, live: Sequence[str]) -> list[bytes]:
    """The sections that may not change, each without the line ends at its end."""
    free = {_plain(heading) for heading in live}
    return [section for section in headings.sections(text) if _plain(_heading(section)) not in free]


def _heading(section: bytes) -> str:
    line = re.match(rb'[^\r\n]*', section)
    return line[0].decode('utf-8', 'replace').strip().strip('#').strip() if line else ''


def _plain(heading: str) -> str:
    return re.sub(_NUMBER, '', heading.strip(), count=1).casefold()


def _keeper(old: bytes) -> Callable[[bytes], bool]:
    """Tells whether another section is this one as it was, or only filled where it was empty."""
    olds = old.split(b'\n')
    heading, is_empty = olds[0].rstrip(), not _uncommented(b'\n'.join(olds[1:])).strip()

    def keeps(new: bytes) -> bool:
        if old == new:
            return True
        if heading != new.partition(b'\n')[0].rstrip():
            return False
        news = [] if is_empty else new.split(b'\n')
        return is_empty or len(olds) == len(news) and all(map(_filled, olds, news))
    return keeps


def _uncommented(text: bytes) -> bytes:
    """A text without its HTML comments, read once however many are opened and not closed."""
    kept, at = [], 0
    while (start := text.find(b'<!--', at)) >= 0 and (end := text.find(b'-->', start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return b''.join([*kept, text[at:]])


def _belongs(before: bytes, section: bytes, after: bytes) -> bool:
    """Whether the number of a section puts it between two others: 9 was still to be committed when 10 was."""
    one, number, other = (int(found[0]) if (found := re.match(_WHOLE, _heading(text))) else 0 for text in (before, section, after))
    return one < number < other


def _filled(old: bytes, new: bytes) -> bool:
    return old == new or re.fullmatch(_FIELD, old) is not None and new.startswith(old.rstrip())


def _lost(section: bytes, news: Sequence[bytes]) -> str:
    """What happened to a committed section, in words."""
    shown = _shown(section)
    if section in news:
        return f'the section {shown} is not in its place: new ones follow below the last'
    same = next((one for one in news if _heading(one) == _heading(section)), None)
    if same is None:
        return f'the section {shown} is gone'
    if same.replace(b'\r\n', b'\n') == section.replace(b'\r\n', b'\n'):
        return f'the line ends of the section {shown} are changed'
    return f'the section {shown} is changed'


def _shown(section: bytes) -> str:
    heading = _heading(section)
    return f"'{heading[:60]}…'" if len(heading) > 60 else f"'{heading}'"
