from __future__ import annotations

from random import Random

import pytest

from gitexp.git import history, repository
from gitexp.git.command import Git
from place import Place


@pytest.mark.parametrize('message', [
    'one line', 'one line\n\nand more', 'two\nlines\n \t\nand more', '\n \n  late, and further in  \r\nnext\n', '', '\n\n',
    'Zürich — 東京', 'odd \udcff byte', 'a tab\there',
])
def test_a_commit_is_read_as_git_reads_it(lab: Place, message: str) -> None:
    git = Git(lab.path)
    text = lab.path / 'message'
    text.write_bytes(message.encode('utf-8', 'surrogateescape'))
    lab.git('commit', '-q', '--allow-empty', '--allow-empty-message', '--cleanup=verbatim', '-F', str(text))
    head = repository.contents(git, ['HEAD'])[0]

    assert head and history.read(*head) == history.tip(git, 'HEAD')


def test_another_encoding_is_left_to_git(lab: Place) -> None:
    text = lab.path / 'message'
    text.write_bytes('Zürich'.encode('latin1'))
    lab.git('-c', 'i18n.commitEncoding=latin1', 'commit', '-q', '--allow-empty', '-F', str(text))
    head = repository.contents(Git(lab.path), ['HEAD'])[0]

    assert head and history.read(*head) is None
    assert history.tip(Git(lab.path), 'HEAD').title == 'Zürich'


@pytest.mark.parametrize('seed', range(12))
def test_what_is_new_is_so_whatever_the_clocks_said(repository: Place, seed: int) -> None:
    chance = Random(seed)
    git, made, parents = Git(repository.path), list[str](), dict[str, list[str]]()
    stream = ['reset refs/heads/wild\n']
    for number in range(40):
        of = sorted(chance.sample(range(number), min(number, chance.choice([1, 1, 1, 2]))), reverse=True) if number else []
        of = [number - 1, *of[1:]] if number % 20 and chance.random() < 0.9 else of
        date = 1_700_000_000 + number * 60 - (number // 10 % 2) * 86_400 * chance.randrange(9)
        stream.append(f'commit refs/heads/wild\nmark :{number + 1}\ncommitter A <a@b> {date} +0000\ndata 1\nx\n')
        stream += [f'{"merge" if place else "from"} :{one + 1}\n' for place, one in enumerate(dict.fromkeys(of))]
        if not of:
            stream.append('deleteall\n')
        parents[str(number)] = [str(one) for one in dict.fromkeys(of)]
    git.ask('fast-import', '--quiet', '--force', '--export-marks=marks', feed=''.join(stream).encode())
    marks = dict(line.split() for line in (repository.path / 'marks').read_text().splitlines())
    made = [marks[f':{number + 1}'] for number in range(40)]

    def reached(one: int) -> set[int]:
        return {one}.union(*(reached(int(of)) for of in parents[str(one)]))
    for _ in range(10):
        tip, known = chance.sample(range(20, 40), 2)
        found = [made.index(one.oid) for one in history.new(git, [made[tip]], [made[known]])]
        assert set(found) == reached(tip) - reached(known) and len(found) == len(set(found))
        assert all(found.index(one) > found.index(child) for child in found for one in map(int, parents[str(child)]) if one in found)
        assert history.apart(git, made[known], [made[tip]]) == ({made[tip]} if tip not in reached(known) else set())
