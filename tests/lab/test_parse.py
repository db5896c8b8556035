"""Bad gitexp.yaml files, each with the whole of what is said about it; good ones with what they mean."""
from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gitexp.core.errors import Usage
from gitexp.lab import config, parse
from gitexp.lab.config import Config
from gitexp.ledger.result import columns

METRIC = 'metric: {name: loss, direction: min}\n'
LEAST = METRIC + 'eval: python3 eval.py\n'

BAD = {
    'empty': (
        '',
        'gitexp.yaml is empty',
        'the least that works: metric: {name: val_loss, direction: min} and, on the next line, eval: python3 eval.py',
    ),
    'only a comment': ('# soon\n', 'gitexp.yaml is empty', ...),
    'a list': ('- metric\n- eval\n', 'gitexp.yaml:1: the file must be a mapping, not ["metric", "eval"]', None),
    'a word': ('metric\n', "gitexp.yaml:1: the file must be a mapping, not 'metric'", None),
    'a tab': ('metric:\n\tname: loss\n', 'gitexp.yaml:2: a tab, where YAML wants spaces', 'indent with spaces'),
    'a tab later': (
        LEAST + 'rules:\n  frozen:\n\t- a\n', 'gitexp.yaml:5: a tab, where YAML wants spaces', 'indent with spaces',
    ),
    'not YAML': (
        METRIC + 'eval: python eval.py: fast\n',
        'gitexp.yaml:2: mapping values are not allowed in this context', 'a text that holds one of : # { } [ ] , needs quotes',
    ),
    'a star': (
        LEAST + 'rules: {frozen: [*.py]}\n',
        'gitexp.yaml:3: did not find expected alphabetic or numeric character', 'a text that starts with * needs quotes',
    ),
    'NUL': (LEAST + 'train: a\x00b\n', 'gitexp.yaml:3: a control character (U+0000)', None),
    'Latin-1': (
        METRIC.encode() + b'eval: python b\xe9b\xe9.py\n',
        'gitexp.yaml:2: byte 0xe9 is not UTF-8 text', 'save the file as UTF-8',
    ),
    'UTF-16': (LEAST.encode('utf-16'), 'gitexp.yaml:1: byte 0xff is not UTF-8 text', 'save the file as UTF-8'),
    'too long': (
        LEAST + '#' * parse.LONGEST,
        f'gitexp.yaml is {len(LEAST) + parse.LONGEST} bytes long, and 262144 is the most', 'a pattern with ** covers many files',
    ),
    'a conflict': (
        f'<<<<<<< HEAD\n{LEAST}=======\n{LEAST}>>>>>>> theirs\n',
        'gitexp.yaml:1: a conflict marker', 'resolve the merge, then commit',
    ),
    'two documents': (
        LEAST + '---\n' + LEAST, 'gitexp.yaml:3: a second document', "remove the line '---' and what follows",
    ),
    'a key twice': (
        LEAST + 'eval: python3 other.py\n',
        "gitexp.yaml:3: the key 'eval' is here for the second time, first on line 2", 'keep one of them',
    ),
    'a key twice, deep': (
        LEAST + 'rules:\n  frozen: [a]\n  keep: [b]\n  frozen: [c]\n',
        "gitexp.yaml:6: the key 'frozen' is here for the second time, first on line 4", 'keep one of them',
    ),
    'an alias': (
        LEAST + 'rules:\n  frozen: &all [a]\n  fixed: *all\n',
        "gitexp.yaml:4: anchors and aliases ('all') are not taken", 'a text that starts with & or * needs quotes',
    ),
    'a tag': (
        LEAST + 'train: !!python/object/apply:os.system [reboot]\n',
        "gitexp.yaml:3: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not taken",
        'a text that starts with ! needs quotes',
    ),
    'a merge key': (LEAST + 'rules: {<<: {frozen: [a]}}\n', 'gitexp.yaml:3: a key must be plain text', None),
    'a list for a key': (LEAST + '? [a]\n: b\n', 'gitexp.yaml:3: a key must be plain text', None),
    'too deep': (LEAST + 'inputs: ' + '[' * 100_000, 'gitexp.yaml:3: nested more than 20 deep', None),
    'a day that is none': (
        'metric: {name: 2026-02-30, direction: min}\neval: x\n',
        'gitexp.yaml:1: day is out of range for month', 'a text needs quotes here',
    ),
    'nothing to measure': (METRIC, "gitexp.yaml:1: the file needs the key 'eval'", 'eval: python3 eval.py'),
    'no metric': (
        'eval: x\n', "gitexp.yaml:1: the file needs the key 'metric'", 'metric: {name: val_loss, direction: min}',
    ),
    'no direction': (
        'eval: x\nmetric: {name: loss}\n', "gitexp.yaml:2: metric needs the key 'direction'", 'direction: min',
    ),
    'unknown': (LEAST + 'seed: [1]\n', "gitexp.yaml:3: unknown key 'seed' in the file", "did you mean 'seeds'?"),
    'unknown, instead of a needed one': (
        'metrics: {name: loss, direction: min}\neval: x\n',
        "gitexp.yaml:1: unknown key 'metrics' in the file", "did you mean 'metric'?",
    ),
    'unknown, below what is then missing': (
        METRIC + 'evil: x\n', "gitexp.yaml:2: unknown key 'evil' in the file", "did you mean 'eval'?",
    ),
    'unknown, like nothing': (
        LEAST + 'colour: red\n',
        "gitexp.yaml:3: unknown key 'colour' in the file",
        'the keys are metric, eval, train, sealed, smoke, viz, inputs, environment, outputs, axes, min_free_gb, seeds, baseline, gpus, '
        'tracking, trunk, rules, live, humans, signers, paths',
    ),
    'unknown in metric': (
        'eval: x\nmetric:\n  name: loss\n  direction: min\n  min-effect: 1\n',
        "gitexp.yaml:5: unknown key 'min-effect' in metric", "did you mean 'min_effect'?",
    ),
    'unknown in eval': (
        METRIC + 'eval: {comand: x}\n', "gitexp.yaml:2: unknown key 'comand' in eval", "did you mean 'command'?",
    ),
    'unknown in trunk': (
        LEAST + 'trunk: {name: main, gaurded: true}\n',
        "gitexp.yaml:3: unknown key 'gaurded' in trunk", "did you mean 'guarded'?",
    ),
    'unknown rule': (
        LEAST + 'rules:\n  frozn: [a]\n', "gitexp.yaml:4: unknown key 'frozn' in rules", "did you mean 'frozen'?",
    ),
    'a rule with _': (
        LEAST + 'rules:\n  append_top: [a]\n',
        "gitexp.yaml:4: unknown key 'append_top' in rules", "did you mean 'append-top'?",
    ),
    'a rule in capitals': (
        LEAST + 'rules: {Frozen: [a]}\n', "gitexp.yaml:3: unknown key 'Frozen' in rules", "did you mean 'frozen'?",
    ),
    'unknown place': (
        LEAST + 'paths: {worktree: w}\n', "gitexp.yaml:3: unknown key 'worktree' in paths", "did you mean 'worktrees'?",
    ),
    'neither way': (
        'eval: x\nmetric: {name: loss, direction: lower}\n',
        "gitexp.yaml:2: metric.direction must be min or max, not 'lower'", None,
    ),
    'two words': (
        'eval: x\nmetric: {name: val loss, direction: min}\n',
        "gitexp.yaml:2: metric.name must be one word such as val_loss or acc@1: letters, digits and _ . / @ -, not 'val loss'", None,
    ),
    'a column': (
        'eval: x\nmetric: {name: seconds, direction: min}\n',
        "gitexp.yaml:2: metric.name must not be 'seconds': the ledger has a column of that name", None,
    ),
    'YAML says false': (
        'eval: x\nmetric: {name: no, direction: min}\n',
        'gitexp.yaml:2: metric.name must be text, not false', 'put it in quotes to make it text',
    ),
    'a number to run': (METRIC + 'eval: 12\n', 'gitexp.yaml:2: eval must be text or a mapping, not 12', None),
    'nothing to run': (METRIC + 'eval: " "\n', "gitexp.yaml:2: eval must be a command for the shell, not ' '", None),
    'a limit below 0': (
        METRIC + 'eval: {command: x, time_limit: -5}\n',
        'gitexp.yaml:2: eval.time_limit must be more than 0, not -5', None,
    ),
    'no time at all': (
        METRIC + 'eval: {command: x, time_limit: 0s}\n',
        "gitexp.yaml:2: eval.time_limit must be a time such as 90s, 40m or 2h, not '0s'", None,
    ),
    'a limit in words': (
        METRIC + 'eval: {command: x, time_limit: 40 minutes}\n',
        "gitexp.yaml:2: eval.time_limit must be a time such as 90s, 40m or 2h, not '40 minutes'", None,
    ),
    'bounds upside down': (
        'eval: x\nmetric:\n  name: loss\n  direction: min\n  bounds: [3, 1]\n',
        'gitexp.yaml:5: metric.bounds must be [lowest, highest], not [3, 1]', 'bounds: [1, 3]',
    ),
    'one bound': (
        'eval: x\nmetric: {name: loss, direction: min, bounds: [3]}\n',
        'gitexp.yaml:2: metric.bounds needs 2 values, and has 1', None,
    ),
    'bounds of NaN': (
        'eval: x\nmetric: {name: loss, direction: min, bounds: [.nan, 1]}\n',
        'gitexp.yaml:2: metric.bounds[1] must be a number that can be reckoned with, not NaN', None,
    ),
    'infinite tolerance': (
        LEAST + 'baseline: {tolerance: .inf}\n',
        'gitexp.yaml:3: baseline.tolerance must be a number that can be reckoned with, not Infinity', None,
    ),
    'minutes upside down': (
        LEAST + 'baseline: {minutes: [40, 5]}\n',
        'gitexp.yaml:3: baseline.minutes must be [lowest, highest], not [40, 5]', 'minutes: [5, 40]',
    ),
    'a seed twice': (LEAST + 'seeds: [1, 2, 1]\n', 'gitexp.yaml:3: seeds must not hold a value twice: [1, 2, 1]', None),
    'a seed below 0': (LEAST + 'seeds: [1, -2]\n', 'gitexp.yaml:3: seeds[2] must be at least 0, not -2', None),
    'no seed': (LEAST + 'seeds: []\n', 'gitexp.yaml:3: seeds needs 1 values, and has 0', None),
    'half a seed': (LEAST + 'seeds: [0.5]\n', 'gitexp.yaml:3: seeds[1] must be a whole number, not 0.5', None),
    'one pattern': (
        LEAST + 'rules: {frozen: eval.py}\n', "gitexp.yaml:3: rules.frozen must be a list, not 'eval.py'", None,
    ),
    'rules of nothing': (LEAST + 'rules:\n', 'gitexp.yaml:3: rules must be a mapping, not nothing', None),
    'an empty pattern': (
        LEAST + 'rules:\n  frozen:\n  - eval.py\n  - ""\n', 'gitexp.yaml:6: rules.frozen[2] must not be empty', None,
    ),
    'an absolute pattern': (
        LEAST + 'rules:\n  keep: [/data]\n',
        "gitexp.yaml:4: rules.keep[1] must start at the root of the lab, without a leading /, not '/data'", None,
    ),
    'a pattern that leaves': (
        LEAST + 'rules:\n  keep: [a/../../b]\n',
        "gitexp.yaml:4: rules.keep[1] must not leave the lab with .., not 'a/../../b'", None,
    ),
    'a pattern from here': (
        LEAST + 'rules:\n  keep: [./a]\n',
        "gitexp.yaml:4: rules.keep[1] must be written without . or empty parts, not './a'", None,
    ),
    'a pattern taken back': (
        LEAST + 'rules:\n  keep: ["!a"]\n', "gitexp.yaml:4: rules.keep[1] cannot be negated with !, not '!a'", None,
    ),
    'an open pattern': (
        LEAST + 'rules:\n  keep: ["a[b"]\n',
        "gitexp.yaml:4: rules.keep[1] must close what [ opens, and not end in a backslash, not 'a[b'", None,
    ),
    'a person without an address': (
        LEAST + 'humans:\n- ada@example.org\n- Ada\n', "gitexp.yaml:5: humans[2] must be an address, or Name <address>, not 'Ada'", None,
    ),
    'a key that is none': (
        LEAST + 'signers: [abc]\n',
        "gitexp.yaml:3: signers[1] must be 'address key-type key', or the whole fingerprint of an OpenPGP key, not 'abc'", None,
    ),
    'a heading without a name': (LEAST + 'live: [""]\n', 'gitexp.yaml:3: live[1] must not be empty', None),
    'a full ref': (
        LEAST + 'trunk: refs/heads/main\n',
        "gitexp.yaml:3: trunk must be the short name of a branch, such as main, not 'refs/heads/main'", None,
    ),
    'a branch of experiments': (
        LEAST + 'trunk: {name: exp/x}\n',
        "gitexp.yaml:3: trunk.name must be the short name of a branch, such as main, not 'exp/x'", None,
    ),
    'no branch': (
        LEAST + 'trunk: {name: a..b}\n',
        "gitexp.yaml:3: trunk.name must be the short name of a branch, such as main, not 'a..b'", None,
    ),
    'worktrees outside': (
        LEAST + 'paths: {worktrees: ../w}\n',
        "gitexp.yaml:3: paths.worktrees must not leave the lab with .., not '../w'", None,
    ),
    'worktrees in git': (
        LEAST + 'paths: {worktrees: .git/w}\n',
        "gitexp.yaml:3: paths.worktrees must not be '.git/w': that is where git is", None,
    ),
    'two in one place': (
        LEAST + 'paths: {ledger: r.tsv, experiments: 5_worktrees/e}\n',
        "gitexp.yaml:3: paths.experiments must not be '5_worktrees/e': that is where paths.worktrees is", None,
    ),
    'the ledger on this file': (
        LEAST + 'paths: {ledger: gitexp.yaml}\n',
        "gitexp.yaml:3: paths.ledger must not be 'gitexp.yaml': that is where this file is", None,
    ),
    'sealed without training': (
        LEAST + 'sealed: true\n',
        "gitexp.yaml:3: sealed needs the key 'train': eval sees only what training has left", 'train: python3 train.py',
    ),
}


@pytest.mark.parametrize('name', BAD)
def test_a_bad_file_is_named_with_its_line_and_the_way_out(name: str) -> None:
    text, message, hint = BAD[name]

    with pytest.raises(Usage) as refused:
        parse.parse(text if isinstance(text, bytes) else text.encode())

    assert refused.value.message == message
    assert hint is ... or refused.value.hint == hint


@pytest.mark.parametrize('text', [
    LEAST,
    '\ufeff' + LEAST.replace('\n', '\r\n'),
    LEAST + 'trunk: feature/main-2\n',
    LEAST + 'rules: {frozen: ["[a-c]?.py", "data/", "**/x/**", "wörter/*.txt", "a b", "\\\\!x"]}\n',
    'eval: x\nmetric: {name: loss, direction: min, bounds: [0, .inf]}\n',
    METRIC + 'eval: {command: "python3 e.py {seed}", time_limit: 1.5h}\n',
    LEAST + 'paths: {worktrees: trees/, ledger: out/results.tsv, experiments: lab}\n',
])
def test_a_good_file_is_taken(text: str) -> None:
    assert config.of(parse.parse(text.encode())).eval.text


def test_a_file_with_windows_line_ends_is_counted_as_an_editor_counts() -> None:
    with pytest.raises(Usage, match=r"gitexp\.yaml:3: unknown key 'evil'"):
        parse.parse(('\ufeff' + LEAST + 'evil: 1\n').replace('\n', '\r\n').encode())


def test_a_hostile_file_costs_no_time() -> None:
    started = time.monotonic()
    bombs = [
        'a: ' + '{a: ' * 60_000, LEAST + 'inputs: [' + '[], ' * 60_000, '- ' * 100_000,
        LEAST + 'rules: {frozen: ["' + '[' * 200_000 + '"]}\n',
    ]

    for bomb in bombs:
        with pytest.raises(Usage):
            parse.parse(bomb.encode())

    assert time.monotonic() - started < 10


def leaves(schema: dict[str, Any], whole: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], dict[str, Any]]:
    """Every key of the schema, by where it is."""
    schema = {**whole['$defs'][schema['$ref'].split('/')[-1]], **schema} if '$ref' in schema else schema
    found = {path: schema} if path else {}
    for branch in (schema, *schema.get('oneOf', ())):
        for key, inner in branch.get('properties', {}).items():
            found.update(leaves(inner, whole, (*path, key)))
    return found


def test_every_key_of_the_schema_tells_an_editor_what_it_is() -> None:
    whole = parse.schema()

    assert [path for path, key in leaves(whole, whole).items() if not key.get('description')] == []


SAID: dict[tuple[str, ...], Any] = {
    ('metric', 'name'): 'acc', ('metric', 'direction'): 'max', ('metric', 'min_effect'): 0.5, ('metric', 'bounds'): [0, 1],
    ('eval', 'command'): 'other', ('eval', 'time_limit'): '90s', ('train', 'command'): 't', ('train', 'time_limit'): 30,
    ('smoke', 'command'): 's', ('smoke', 'time_limit'): '1m', ('inputs',): ['data/**'], ('seeds',): [7],
    ('baseline', 'minutes'): [0, 1], ('baseline', 'tolerance'): 0.1, ('trunk', 'name'): 'dev', ('trunk', 'guarded'): True,
    ('paths', 'ledger'): 'l.tsv', ('paths', 'worktrees'): 'w', ('paths', 'experiments'): 'e', ('paths', 'former'): ['old.tsv'],
    ('live',): ['Diary'], ('humans',): ['Ada <ada@example.org>'], ('signers',): ['A' * 40],
    ('outputs',): ['o.json'], ('min_free_gb',): 2, ('gpus',): 1, ('tracking',): 'wandb', ('metric', 'time_limited'): True,
    ('baseline', 'max_sd'): 0.5, ('baseline', 'required'): False, ('axes',): ['budget'], ('environment',): ['DATA_DIR'],
    ('sealed',): True, ('viz', 'command'): 'v', ('viz', 'time_limit'): 30,
    **{('rules', kind): ['a'] for kind in config.KINDS},
}


def test_every_key_of_the_schema_is_read() -> None:
    whole = parse.schema()
    inner = {path for path, key in leaves(whole, whole).items() if not any(other[:-1] == path for other in leaves(whole, whole))}

    assert inner == set(SAID)


@pytest.mark.parametrize('path', SAID, ids='.'.join)
def test_a_key_makes_a_difference(path: tuple[str, ...]) -> None:
    base = {'time_limit': path[:-1], 'sealed': ('train',)}.get(path[-1], ())

    assert read(document(path)) != read(document(base))


def document(path: tuple[str, ...]) -> dict[str, Any]:
    said: dict[str, Any] = {'metric': {'name': 'loss', 'direction': 'min'}, 'eval': {'command': 'x'}}
    steps = [path] if path in SAID else []
    if path[-1:] == ('time_limit',) or path in (('train',), ('smoke',), ('viz',)):
        steps.append((path[0], 'command'))
    if path == ('sealed',):
        steps.append(('train', 'command'))
    for step in steps:
        inner = said
        for key in step[:-1]:
            inner = inner.setdefault(key, {})
        inner[step[-1]] = SAID[step]
    return said


def read(said: dict[str, Any]) -> Config:
    return config.of(parse.parse(json.dumps(said).encode()))


def test_no_metric_can_take_the_name_of_a_column() -> None:
    taken = parse.schema()['properties']['metric']['properties']['name']['not']['enum']

    assert taken == [name for name in columns('a-metric') if name != 'a-metric']
