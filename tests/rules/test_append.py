"""Appends by bytes."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gitexp.rules import append, parts

BARE = b'# Log\n'
LEVEL = b'# 2026-01-02 b\nx\n\n# 2026-01-01 a\ny\n'
BULLETS = b'# Log\n\n- b\n- a\n'
UNTITLED = b'## b\nx\n\n## a\ny\n'


ENTRY = b'## 2026-01-02 two\n\nb\n\n'
FIRST = b'## 2026-01-01 one\n\na\n'


@pytest.mark.parametrize(('entry', 'fine'), [
    (b'# 2026-01-02 two\nb\n', False), (b'### 2026-01-02 two\nb\n', False), (b'## two\n\n# three\nb\n', True),
    (b'## two\n### more\n```\n# run\n```\n## three\nb\n', True), (b'## two\n```x``` it\n', True), (b'## two\n```\n# run\n', True),
])
def test_an_entry_is_one_as_the_others_are(entry: bytes, fine: bool) -> None:
    for title in (b'# Log\n\n', b''):
        assert (append.top(title + FIRST, title + entry + b'\n' + FIRST) is None) == fine or not title and entry.startswith(b'# ')


def test_an_entry_of_another_level_is_told_at_once_what_is_wrong() -> None:
    said = "the new entry does not begin with '## ', as the others do"
    for marks in (b'#', b'###'):
        assert append.top(b'# Log\n\n' + FIRST, b'# Log\n\n' + marks + b' two\nb\n\n' + FIRST) == said
    below = b'# Log\n\n### How\n\nwords\n\n' + FIRST
    assert append.top(below, below.replace(b'### How', b'## two\n\n### How')) is None, 'the entries have fewer marks than the preface'
    assert append.top(below, below.replace(b'### How', b'# two\n\n### How')) is not None


@pytest.mark.parametrize('preface', [
    b'# Log\n\nAs in:\n\n```\n## DATE what\n```\n\n', b'# Log\n\n<!-- newest first:\n## DATE what\n-->\n\n', b'# Log\n<!-- x -->\n\n',
    b'---\ntitle: log\n# of ours\n---\n\n# Log\n\n', b'---\r\ntitle: log\r\n---\r\n',
])
def test_what_a_preface_shows_is_no_entry(preface: bytes) -> None:
    assert append.top(preface + FIRST, preface + ENTRY + FIRST) is None
    assert append.top(preface + FIRST, preface + b'words\n\n' + FIRST) is not None
    assert append.top(preface + FIRST, preface + FIRST + ENTRY) is not None
    assert append.top(preface + FIRST, preface[:5] + ENTRY + preface[5:] + FIRST) is not None


@pytest.mark.parametrize(('old', 'new', 'fine'), [
    (b'', b'anything', True),
    (BARE, BARE + b'\n## a\nx\n', True),
    (BARE, BARE + b'## a\nx\n', True),
    (BARE, BARE + b'## a\nx', False),
    (b'# Log', b'# Log\n\n## a\n', True),
    (b'# Log', b'# Logbook\n', False),
    (b'# Log', b'# Log## a\n', False),
    (LEVEL, b'# 2026-01-03 c\nz\n\n' + LEVEL, True),
    (LEVEL, LEVEL.replace(b'# 2026-01-01', b'# 2026-01-03 c\nz\n\n# 2026-01-01'), True),
    (LEVEL, LEVEL + b'# 2026-01-03 c\nz\n', False),
    (UNTITLED, b'## c\nz\n\n' + UNTITLED, True),
    (UNTITLED, b'# Now a title\n\n' + UNTITLED, True),
    (UNTITLED, b'words\n' + UNTITLED, False),
    (BULLETS, b'# Log\n\n- c\n- b\n- a\n', True),
    (BULLETS, b'# Log\n\n- b\n- a\n- 0\n', True),
    (BULLETS, b'# Log\n\n- b\n- between\n- a\n', False),
    (b'\xef\xbb\xbf' + UNTITLED, b'\xef\xbb\xbf## c\nz\n\n' + UNTITLED, True),
    (b'\xef\xbb\xbf' + UNTITLED, b'## c\nz\n\n' + UNTITLED, False),
    (b'# T\r\n\r\n## a\r\nx\r\n', b'# T\r\n\r\n## b\r\ny\r\n\r\n## a\r\nx\r\n', True),
    (b'# T\r\n\r\n## a\r\nx\r\n', b'# T\r\n\r\n## b\ny\n\n## a\r\nx\r\n', True),
    (b'# T\n\n## a\nx\n', b'# T\n\n## b\ny\n\n## b\ny\n\n## a\nx\n', True),
    (b'# T\n\n## a\nx\n', b'# T\n\n## b\n<!--\n## a\nx\n', True),
    (b'# T\n\n## a\nx\n', b'# T \n\n## b\ny\n\n## a\nx\n', False),
    (b'# T\n\n## a\nx \n', b'# T\n\n## b\ny\n\n## a\nx\n', False),
    (b'# T\n\n## a\nx\n', b'# T\n\n\n\n## a\nx\n', False),
    (b'# T\n## a\nx', b'# T\n## b\ny\n## a\nx', True),
    (b'# T\n## a\nx', b'# T\n## b\ny\n## a\nx\n', False),
])
def test_entries_go_on_top(old: bytes, new: bytes, fine: bool) -> None:
    assert (append.top(old, new) is None) == fine


@pytest.mark.parametrize(('old', 'new', 'fine'), [
    (b'', b'id\n', True),
    (b'', b'id', True),
    (b'a\n', b'a\n', True),
    (b'a\n', b'a\nb\n', True),
    (b'a\n', b'a\nb', False),
    (b'a', b'a\nb\n', True),
    (b'a', b'ab\n', False),
    (b'a', b'a\r\nb\r\n', True),
    (b'a\r\n', b'a\nb\n', False),
    (b'a\n', b'\xef\xbb\xbfa\n', False),
    (b'a\n', b'b\na\n', False),
    (b'a\nb\n', b'a\n', False),
    (b'a\n', b'', False),
    (b'a\n', b'a\n\x00\xff\n', True),
    (b'a\tb\r\n', b'a\tb\r\n1\t2\n', True),
    (b'a\tb\n', b'a\tb\n1\t2\r\n', True),
    (b'a\tb\n', b'a\tb\n1\t2\r', False),
    (b'a\tb\n', b'a\tb\n1\t2\t3\n', True),
    (b'a\tb\n1\t2\n', b'a\tb\n1\t2\n1\t2\n', True),
    (b'a\tb\n1\t2\n', b'a\tc\n1\t2\n', False),
    (b'a\n1\n2\n', b'a\n2\n1\n', False),
    (b'a \n', b'a\nb\n', False),
    (b'\xef\xbb\xbfa\n', b'\xef\xbb\xbfa\nb\n', True),
    (b'\xef\xbb\xbfa\n', b'a\nb\n', False),
])
def test_lines_go_below(old: bytes, new: bytes, fine: bool) -> None:
    assert (append.bottom(old, new) is None) == fine


@pytest.mark.parametrize(('new', 'says'), [
    (b'id\n1\n', '2 bytes are cut off'),
    (b'id\r\n1\r\n2\r\n', 'its line ends or its byte order mark are changed'),
    (b'id\n1\n3\n', "line 3 is changed: '2'"),
    (b'id\n9\n1\n2\n', 'line 2 is added in the wrong place'),
    (b'id\n1\n2\n3', 'the appended line has no end'),
])
def test_what_happened_is_said_in_words(new: bytes, says: str) -> None:
    assert append.bottom(b'id\n1\n2\n', new) == says


_lines = some.sampled_from([b'# T\n', b'## a\n', b'## b\n', b'x\n', b'y\n', b'\n', b'- z\n'])
_texts = some.lists(_lines, max_size=7).map(b''.join)


@given(_texts, _texts)
def test_no_byte_of_the_old_text_is_ever_lost(old: bytes, new: bytes) -> None:
    for judge in (append.top, append.bottom):
        if judge(old, new) is None:
            rest = iter(new)
            assert all(byte in rest for byte in old)
            assert len(new) >= len(old)


@given(_texts, _texts)
def test_a_new_entry_always_has_a_place(old: bytes, text: bytes) -> None:
    entry = b'#' * (parts.level(old) or 2) + b' new\n' + text + b'\n'
    assert any(append.top(old, old[:at] + entry + old[at:]) is None for at in range(len(old) + 1))
