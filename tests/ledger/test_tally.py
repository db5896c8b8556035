"""That the fast way through a ledger says what the obvious way says."""
from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitexp.lab.lab import Lab
from gitexp.ledger import once, ongoing, read, scan, standing, tally
from gitexp.ledger.cells import LONGEST
from gitexp.ledger.result import ABOUT, Kind, Result, Status, columns
from gitexp.ledger.retired import VERSIONED
from gitexp.ledger.tally import Tally
from gitexp.ledger.whereabouts import Experiment

HEADER = '\t'.join(columns('score'))
# Values are multiples of 3600, so that every mean of up to five runs or seeds is exact.
values = st.integers(0, 9).map(lambda number: f'{3600.0 * number}')


def line(**said: str) -> str:
    plain = {'time': 'now', 'version': 'v1', 'status': 'ok', 'kind': 'eval', 'metrics': '{}', 'params': '{}', 'env': '{}'}
    return '\t'.join({**plain, **said}.get(name, '') for name in columns('score'))


def lines(odd: Callable[..., st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """Rows; `odd` gives what one cell may hold besides what it mostly holds."""
    return st.builds(
        lambda name, tree, score, seed, eval_id, status, kind, experiment, more: line(
            id=name, tree=tree, score=score, seed=seed, eval_id=eval_id, status=status, kind=kind, experiment=experiment, **more),
        ids, odd(st.sampled_from('abcdefgh'), 'é', '', 'back\\slash'), odd(values, '', 'nan', 'inf', '1e999', '1_0', 'x', '٣', '-3600'),
        odd(st.sampled_from('123'), '', 'x'), odd(st.just('one'), 'two', ''), odd(st.just('ok'), 'failed', 'bad'),
        odd(st.just('eval'), 'baseline', 'train', 'bad'), odd(st.sampled_from('ef'), '', 'é', 'a\\tb', '\\ud800', '\x1c'),
        odd(st.just({}), *MORE),
    )


MORE = [
    {'time': 'later'}, {'time': 'l\\u0041ter'}, {'version': ''}, {'version': 'v2'}, {'commit': 'abc'}, {'commit': 'a\x85'},
    {'seconds': '1.5'}, {'seconds': '1.5.2'}, {'seconds': '-1e-5'}, {'seconds': ' 2'}, {'memory_gb': 'inf'}, {'memory_gb': '1_0'},
    {'metrics': '{"a":1.5,"b":"x"}'}, {'metrics': '{"a":01}'}, {'metrics': '{"a":1,}'}, {'metrics': '{"a":"b\\\\u0022"}'},
    {'params': '[]'}, {'params': '{"a":{"b":[null]}}'}, {'params': ''}, {'params': 'x'}, {'env': ''}, {'description': 'näiv \\t'},
    {'description': 'a\rb'}, {'verdict': 'better'}, {'verdict': 'b\\u0065tter'},
]
ids = st.sampled_from([f'{number:03}' for number in range(36)])
good = lines(lambda plain, *_: plain)
mixed = lines(lambda plain, *others: st.one_of(plain, plain, plain, plain, plain, st.sampled_from(others)))
events = st.one_of(
    st.builds(lambda name, covers: line(id=name, kind='supersede', params=json.dumps({'bug': 'b', 'covers': covers})),
              ids, st.lists(ids, max_size=6)),
    st.builds(lambda name, one: line(id=name, kind='restore', params=json.dumps({'restores': one})), ids, ids),
)
junk = st.one_of(
    st.sampled_from(['', HEADER, '<<<<<<< ours', '=======', '>>>>>>> theirs', '\t' * 17, '\0' * 20, '\udcff\udcfe', '~\tx']),
    good.flatmap(lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])),
    good.map(lambda text: f'{text}\r'), good.map(lambda text: text[:-1]), good.map(lambda text: f'{text}\tmore'),
)
ordered = st.lists(st.one_of(good, good, good, mixed), max_size=36).map(
    lambda rows: [f'{number:03}{text[3:]}' for number, text in enumerate(rows)])
ledgers = st.one_of(
    ordered,
    st.tuples(ordered, st.lists(events, max_size=4)).map(lambda two: two[0] + two[1]),
    st.tuples(ordered, st.lists(st.tuples(st.integers(0, 36), st.one_of(good, events, junk)), max_size=6)).map(
        lambda two: [text for place, row in enumerate([*two[0], '']) for text in [*(odd for at, odd in two[1] if at == place), row]]),
    st.lists(st.one_of(good, mixed, events, junk), max_size=30),
)


def story(chance: random.Random) -> list[str]:
    """Few trees and seeds, so that much is about the same ones: what a bug closes, what was measured on, and what was run in vain."""
    def run(name: str) -> str:
        status, data = chance.choice(['ok', 'ok', 'failed', 'interrupted', 'thermal_abort']), chance.choice(['', 'm1', 'm1', 'm2', 3])
        return line(
            id=name, time=f't{name}', tree=chance.choice('ab'), seed=chance.choice('12'), eval_id='one', status=status,
            score=f'{3600.0 * chance.randrange(10)}' * (status == 'ok'), kind=chance.choice(['eval', 'eval', 'baseline', 'import']),
            experiment=chance.choice('ef'),
            version=chance.choice(['', 'v1', 'v1', 'v2', 'v1_with_x']), verdict=chance.choice(['better', 'worse', '', '']),
            params=chance.choice(['{}'] * 9 + ['{"undeclared":true}']),
            env=json.dumps({**({'lab_data_md5': data} if data else {}), **({'contended': True} if chance.random() < 0.1 else {})}))

    def event(name: str) -> str:
        params = {'bug': name, 'covers': chance.sample(names, 2), 'restores': chance.choice(names), 'confirms': chance.choice('ab'),
                  'closes': chance.sample(['v1', 'v2'], chance.randrange(3))}
        kind = chance.choice(['supersede', 'supersede', 'restore', 'confirm', 'confirm'])
        version = chance.choice(['v1', 'v1', 'v2'] if kind == 'confirm' else ['v1', 'v1_b', 'v2_b'])
        verdict = chance.choice(['better', '']) if kind == 'confirm' else ''
        experiment = chance.choice('ef')
        return line(
            id=name, time=f't{name}', experiment=experiment, version=version, kind=kind, params=json.dumps(params), eval_id='one',
            verdict=verdict)

    names = [f'{number:03}' for number in range(chance.randrange(4, 30))]
    made = [run(name) if chance.random() < 0.93 else event(name) for name in names]
    chance.shuffle(made)
    return made


def summed(lab: Lab) -> tuple[object, ...]:
    """What the rows come to by everything that `read` gives."""
    contents = read.read(lab)
    found: dict[str, list[Result]] = {}
    for row in contents.results:
        if row.kind is not Kind.BASELINE:
            found.setdefault(row.experiment, []).append(row)
    experiments = []
    for slug, rows in sorted(found.items(), key=lambda one: one[1][-1].id):
        runs = [row for row in rows if row.kind not in ABOUT]
        experiments.append(Experiment(slug, len(runs), rows[-1].time, runs[-1].id if runs else None))
    unused = sum(finding.level == 'error' for finding in contents.findings)
    return len(contents.results), unused, experiments, contents.covered


def tallied(lab: Lab) -> tuple[object, ...]:
    return told(tally.of(lab.ledger, lab.config.metric))


def told(found: Tally) -> tuple[object, ...]:
    return found.rows, found.unused, [*found.experiments()], found.covered


def whole(found: Tally) -> tuple[object, ...]:
    return *told(found), found.eval_id, *(standing.of(found, eval_id) for eval_id in ('one', 'two', ''))


@pytest.mark.parametrize(('recent', 'block'), [(1 << 11, 1 << 16), (2, 60), (5, 300), (1, 1 << 16)])
@pytest.mark.parametrize('direction', ['min', 'max'])
def test_the_fast_way_agrees_with_the_obvious_one(
    make_bare: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, recent: int, block: int, direction: str,
) -> None:
    monkeypatch.setattr(once, '_RECENT', recent)
    monkeypatch.setattr(scan, '_BLOCK', block)
    bare = make_bare(direction=direction, bounds=[0, 30000])

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        said=ledgers, end=st.sampled_from(['\n', '\n', '\r\n']), ended=st.booleans(),
        asked=st.sampled_from([None, None, 'one', 'two', 'three']),
    )
    def agrees(said: list[str], end: str, ended: bool, asked: str | None) -> None:
        bare.ledger.write_bytes((end.join([HEADER, *said]) + end * ended).encode('utf-8', 'surrogateescape'))
        found = standing.trees(bare, asked)
        best = found.best(bare.config.metric)
        assert tallied(bare) == summed(bare)
        assert found == standing.among(read.read(bare), bare.config.metric, asked)
        assert (best and (best.tree, best.experiment, Fraction(best.mean))) == obvious(bare, asked)

    agrees()


def test_it_agrees_about_what_other_rows_take_out_and_the_order_of_lines_changes_nothing(make_bare: Callable[..., Lab]) -> None:
    bare, chance = make_bare(bounds=[0, 30000], time_limited=True), random.Random(1)
    met = Counter[str]()
    for _ in range(150):
        said = story(chance)
        found = []
        for _ in range(2):
            bare.ledger.write_text('\n'.join([HEADER, *said, '']))
            contents, now = read.read(bare), standing.trees(bare)
            best = now.best(bare.config.metric)
            assert tallied(bare) == summed(bare)
            assert now == standing.among(contents, bare.config.metric)
            assert (best and (best.tree, best.experiment, Fraction(best.mean))) == obvious(bare, None)
            found.append((contents, read.trunk(bare, 'one'), now, [*now.former.items()], tallied(bare)))
            chance.shuffle(said)
        assert found[0] == found[1]
        said_of = {'vouched': now.vouched, 'lost': now.lost, 'picked': now.picked, 'data': now.data, 'won': now.won, 'former': now.former}
        met.update(name for name, there in {**said_of, 'covered': contents.covered}.items() if there)
    assert len(met) == 7 and min(met.values()) > 5


def test_a_tally_that_goes_on_comes_to_the_same(make_bare: Callable[..., Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ongoing, '_MORE', 0)
    bare, kept, chance = make_bare(bounds=[0, 30000], time_limited=True), tmp_path / 'kept', random.Random(2)
    met = Counter[bool]()

    def write(said: list[str]) -> None:
        bare.ledger.write_bytes('\n'.join([HEADER, *said, '']).encode('utf-8', 'surrogateescape'))

    def goes_on(said: list[str]) -> None:
        kept.unlink(missing_ok=True)
        for end in sorted(chance.choices(range(len(said) + 1), k=3)):
            write(said[:end])
            now, plain = ongoing.of(bare.ledger, bare.config.metric, kept), tally.of(bare.ledger, bare.config.metric)
            assert whole(now) == whole(plain)
            assert ongoing._read(kept, bare.config.metric, bare.ledger.stat().st_size)
        met.update([now.known == tally.Known()])

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ledgers)
    def agrees(said: list[str]) -> None:
        goes_on(said)

    agrees()
    for _ in range(150):
        said = story(chance)
        goes_on(said if chance.random() < 0.5 else sorted(said))
    assert min(met.values()) > 20


@pytest.mark.parametrize(
    'before', ['', '\ufeff', '\n<<<<<<< ours\n', 'no ledger\n', 'x' * (1 << 23) + '\n'], ids=['none', 'mark', 'conflict', 'other', 'long'],
)
def test_what_stands_before_the_header(bare: Lab, before: str) -> None:
    rows = ''.join(line(id=name, tree='t', score='1', eval_id='e', experiment='x') + '\n' for name in '123')
    for text in (before, before + HEADER, f'{before}{HEADER}\n{rows}', f'{before}{HEADER.replace("score", "loss")}\n{rows}'):
        bare.ledger.write_text(text)
        assert tallied(bare) == summed(bare)


def test_a_line_past_all_measure_is_one_that_cannot_be_used(bare: Lab) -> None:
    def long(length: int) -> str:
        text = line(id='2', tree='t', score='1', eval_id='e', experiment='x', description='')
        return text.replace('\t\tt\t', f'\t{"d" * (length - len(text))}\tt\t')

    first = line(id='1', tree='t', score='3', eval_id='e', experiment='x')
    for length in (LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST):
        for end in ('', '\n', '\n' + first.replace('1', '4', 1)):
            bare.ledger.write_text(f'{HEADER}\n{first}\n{long(length)}{end}')
            assert len(long(length)) == length
            assert tallied(bare) == summed(bare)


def test_a_missing_ledger_is_empty(bare: Lab) -> None:
    assert tallied(bare) == (0, 0, [], {})


@pytest.mark.parametrize('ending', [b'\n', b'\r\n'])
def test_columns_of_anybody_in_any_order(bare: Lab, ending: bytes) -> None:
    lines = [b'tree\tid\tnote\tscore\tkind\tvalue\tstatus\teval_id\texperiment\tseed',
             b't\t1\tmine\t2\teval\t9\tok\te\tx\t1', b't\t2\tmine\t4\teval\t9\tok\te\tx\t2']
    bare.ledger.write_bytes(ending.join([*lines, b'']))

    assert tallied(bare) == summed(bare)
    [tree] = standing.trees(bare).trees
    assert tuple(tree.runs) == ((1, 2.0), (2, 4.0))


def of_data(row: Result) -> str:
    said = row.env.get('lab_data_md5', '')
    return said if isinstance(said, str) else '?'


def since(row: Result, results: Sequence[Result]) -> str:
    """The id of a row, or of the last that has brought it back."""
    found = row.id
    for event in results:
        back = [one.id for one in results if one.kind is Kind.RESTORE and one.params['restores'] == event.id]
        if event.kind is Kind.SUPERSEDE and back:
            shut = {event.version.partition('_')[0], *event.params.get('closes', ())} if '_' in event.version else ()
            whole = row.kind in VERSIONED and row.experiment == event.experiment and row.version in shut
            if whole or row.id in event.params['covers']:
                found = max(found, event.id, min(back))
    return found


def compares(said: str, grounds: Sequence[str]) -> bool:
    """Whether what was measured on some data compares with what others were that hold, in their order."""
    told = [one for one in grounds if one != '?']
    return not told or said in ('', told[0]) or said == '?' == grounds[0]


def obvious(lab: Lab, asked: str | None) -> tuple[str, str, Fraction] | None:
    """The best tree by its definition, over everything that `read` gives."""
    contents = read.read(lab)
    alive = [
        row for row in contents.results
        if row.status is Status.OK and row.kind not in ABOUT and row.value is not None and 0 <= row.value <= 30000
        and row.tree and row.eval_id and row.id not in contents.covered
        and not row.params.get('undeclared') and not row.env.get('contended')
    ]
    better = [row for row in contents.results if row.kind is Kind.CONFIRM and row.verdict == 'better' and row.id not in contents.covered]
    vouched = {(row.eval_id, row.params['confirms']) for row in better}
    for eval_id in {row.eval_id for row in alive}:
        known = sorted((row for row in alive if row.eval_id == eval_id), key=lambda row: (since(row, contents.results), row.id))
        data = [of_data(row) for row in known if (
            of_data(row) and (row.kind is Kind.BASELINE or row.verdict == 'better' or (eval_id, row.tree) in vouched))]
        alive = [row for row in alive if row.eval_id != eval_id or compares(of_data(row), data)]
    alive.sort(key=lambda row: row.id)
    if asked is None and alive:
        asked = alive[-1].eval_id
    best: tuple[str, str, Fraction] | None = None
    heads: dict[str | None, Result] = {}
    for row in sorted([row for row in alive if row.eval_id == asked], key=lambda row: row.kind is not Kind.BASELINE):
        heads.setdefault(row.tree, row)
    for first in [row for row in alive if heads.get(row.tree) is row]:
        runs = [row for row in alive if row.tree == first.tree and row.eval_id == asked]
        seeds = {row.seed: Fraction(row.value or 0) for row in sorted(runs, key=lambda row: row.id, reverse=True)}
        mean = sum(seeds.values(), Fraction()) / len(seeds)
        ahead = best and (mean - best[2]) * (1 if lab.config.metric.direction == 'max' else -1)
        if best is None or ahead and ahead > 0:
            best = first.tree or '', first.experiment, mean
    return best
