"""Whether a text keeps its committed sections, by bytes.

A section is a '## ' heading and what follows it up to the next one; what stands before the first is the header. The header and the
sections with a live heading may change freely, the others stay as they are, once and in order; new ones follow below the last, or
where their number belongs.

Decided on purpose: a committed section whose body is empty, blank or only HTML comments, may be filled. A comment begins its line
and holds no sign of another one, or it is text. So may a field, which is a list item that ends in a colon, on its own line.
Line ends and blank lines at the end of a section only separate it from the next one; every other byte counts, so that converting
a file to CRLF or to UTF-16 is an edit. A byte order mark is the header's.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cache, reduce
from itertools import takewhile
from operator import or_

from gitexp.rules import headings
from gitexp.rules.headings import Section
from gitexp.rules.pattern import fold

Others = Callable[[], Iterable[bytes]]
_NUMBER = r'\A\d+(\.\d+)*[.):]?\s+'
_WHOLE = r'\d{1,9}(?=[.):]?\s|$)'
_FIELD = rb'\s*[-*] .*:\s*'
_TOP = Section(b'## 0', False)
_BLANKS = b' \t\r\n\0'
_COMMENT = re.compile(rb'[ \t\r\n]*^ {0,3}<!--(?!-?>)', re.MULTILINE)
_WITHIN = re.compile(rb'<!--|--!>')


def kept(old: bytes, new: bytes, live: Iterable[str], others: Others = tuple) -> str | None:
    """What is wrong with `new` as a successor of `old`, None when nothing is; `live` are headings, with or without their number.

    `others` gives texts that were measured: a section of one that lacks the next of `old`, as of another clone, may stand above that.
    """
    live = list(live)
    olds, news, measured = _closed(old, live), _closed(new, live), cache(lambda: [_closed(text, live) for text in others()])
    at = 0
    for before, section in zip((_TOP, *olds), olds):
        keeps = _keeper(section)
        while at < len(news) and not keeps(news[at]) and (
            _belongs(before, news[at], section) or _is_met(section, news[at:at + 1], measured())
        ):
            at += 1
        if at == len(news) or not keeps(news[at]):
            return _lost(section, news, news[at:at + 1])
        at += 1
    had, has = _counted(olds), _counted(news)
    twice = next((section for section in olds if has[section.text] > had[section.text]), None)
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
    most, has = reduce(or_, map(_counted, olds), Counter[bytes]()), _counted(news)
    twice = next((one for one in news if has[one.text] > most[one.text] > 0), None)
    return _misplaced(news, known) if twice is None else f'the merge doubles the section {_shown(twice)}'


def held(old: bytes, new: bytes, live: Iterable[str], others: Others = tuple) -> str | None:
    """What is wrong with `new` after merges: published sections are there in order, and none of the same name stands above one.

    `others` are as in `kept`.
    """
    live = list(live)
    olds, news = _closed(old, live), _closed(new, live)
    rest, there = iter(news), _by_name(news)
    lost = next((one for one in olds if not any(map(_keeper(one), rest))), None)
    if lost is not None:
        return _lost(lost, news)
    above = {one: _above(one, there[name]) for name, (one, *_) in _by_name(olds).items()}
    measured = [_closed(text, live) for text in others()] if any(above.values()) else []
    below = next((one for one, found in above.items() if not _is_met(one, found, measured)), None)
    return None if below is None else f'the section {_shown(below)} stands below another one of that name'


def are_beside(old: bytes, new: bytes, lefts: Iterable[bytes], live: Iterable[str]) -> bool:
    """Whether `new` goes on from `old` with nothing of what some texts have besides.

    Its sections are there, and others under headings that none of the texts has; what was empty is only filled where it is empty in all.
    """
    live = list(live)
    olds, news = _closed(old, live), _closed(new, live)
    had: dict[str, set[bytes]] = {}
    for one in (*olds, *(section for text in lefts for section in _closed(text, live))):
        had.setdefault(_name(one), set()).add(one.text.rstrip(_BLANKS))
    rest = iter(olds)
    waited = next(rest, None)
    for one in news:
        if waited and _keeper(waited)(one):
            if one.text.rstrip(_BLANKS) != waited.text.rstrip(_BLANKS) and len(had[_name(waited)]) > 1:
                return False
            waited = next(rest, None)
        elif _name(one) in had:
            return False
    return waited is None


def _counted(sections: Iterable[Section]) -> Counter[bytes]:
    """How often each section is there; the same may be said in code as often as one likes."""
    return Counter(one.text for one in sections if not one.in_code)


def _by_name(sections: Iterable[Section]) -> dict[str, list[Section]]:
    found: dict[str, list[Section]] = {}
    for one in sections:
        if not one.in_code:
            found.setdefault(_name(one), []).append(one)
    return found


def _above(section: Section, same: Iterable[Section]) -> list[Section]:
    keeps = _keeper(section)
    return list(takewhile(lambda one: not keeps(one), same))


def _is_met(section: Section, above: Sequence[Section], measured: Sequence[Sequence[Section]]) -> bool:
    """Whether each section that stands above one of its name was measured without that."""
    keeps = _keeper(section)
    apart = [text for text in measured if not any(keeps(one) or _keeper(one)(section) for one in text)]
    return all(any(_keeper(other)(one) for text in apart for other in text) for one in above)


def _misplaced(news: Sequence[Section], known: Set[int]) -> str | None:
    """A section that no side has, above one that a side has, where its number does not belong."""
    before, more = _TOP, list[Section]()
    for at, section in enumerate(news):
        if at not in known:
            more.append(section)
            continue
        wrong = next((one for one in more if not _belongs(before, one, section)), None)
        if wrong is not None:
            return f'the merge puts the section {_shown(wrong)} above {_shown(section)}'
        before, more = section, []
    return None


def _closed(text: bytes, live: Sequence[str]) -> list[Section]:
    """The sections that may not change."""
    free = {_plain(heading) for heading in live}
    return [section for section in headings.sections(text) if section.in_code or _plain(_heading(section)) not in free]


def _heading(section: Section) -> str:
    line = re.match(rb'[^\r\n]*', section.text.replace(b'\0', b''))
    return line[0].decode('utf-8', 'replace').partition('##')[2].strip().strip('#').strip() if line else ''


def _name(section: Section) -> str:
    name = re.sub('<!--.*?-->', '', _heading(section))
    if not name.isascii():
        import unicodedata  # Most headings do without.
        name = ''.join(letter for letter in name if unicodedata.category(letter) != 'Cf')
    return fold(' '.join(name.split()))


def _plain(heading: str) -> str:
    return re.sub(_NUMBER, '', heading.strip(), count=1).casefold()


def _keeper(section: Section) -> Callable[[Section], bool]:
    """Tells whether another section is this one as it was, or only filled where it was empty; it has not got into code either."""
    old = section.text
    olds, first = old.split(b'\n'), _first(old)
    is_empty = not section.in_code and _says_nothing(old[len(first):])

    def keeps(other: Section) -> bool:
        new = other.text
        if other.in_code and not section.in_code:
            return False
        if old == new:
            return True
        if first.rstrip(_BLANKS) != _first(new).rstrip(_BLANKS):
            return False
        news = [] if is_empty else new.split(b'\n')
        return is_empty or len(olds) == len(news) and all(map(_filled, olds, news))
    return keeps


def _first(text: bytes) -> bytes:
    return re.split(rb'[\r\n]', text, maxsplit=1)[0]


def _says_nothing(body: bytes) -> bool:
    """Whether it is blank, or made of whole HTML comments that each begin a line, and that any reader takes for such."""
    at = 0
    while found := _COMMENT.match(body, at):
        end = body.find(b'-->', found.end())
        if end < 0 or _WITHIN.search(body, found.end(), end + 3):
            return False
        at = end + 3
    return not body[at:].strip(_BLANKS)


def _belongs(before: Section, section: Section, after: Section) -> bool:
    """Whether the number of a section puts it between two others: 9 was still to be committed when 10 was."""
    one, number, other = (int(found[0]) if (found := re.match(_WHOLE, _heading(each))) else 0 for each in (before, section, after))
    return one < number < other


def _filled(old: bytes, new: bytes) -> bool:
    return old == new or re.fullmatch(_FIELD, old) is not None and new.startswith(old.rstrip())


def _lost(section: Section, news: Sequence[Section], there: Sequence[Section] = ()) -> str:
    """What happened to a committed section, in words; `there` is what stands in its place."""
    shown = _shown(section)
    whole = [one for one in news if one.text == section.text]
    if whole and not section.in_code and all(one.in_code for one in whole):
        return f'the section {shown} is in code now'
    if whole:
        more = ", and a line '## …' in code begins one" if any(one.in_code for one in there) else ''
        return f'the section {shown} is not in its place: new ones follow below the last{more}'
    same = next((one for one in news if _heading(one) == _heading(section)), None)
    if same is None:
        return f'the section {shown} is gone'
    if same.text.replace(b'\r\n', b'\n') == section.text.replace(b'\r\n', b'\n'):
        return f'the line ends of the section {shown} are changed'
    return f'the section {shown} is changed'


def _shown(section: Section) -> str:
    heading = _heading(section)
    return f"'{heading[:60]}…'" if len(heading) > 60 else f"'{heading}'"
