"""What a new lab's configuration looks like: gitexp.yaml, and the lines that git needs to know."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitexp.core.errors import Usage
from gitexp.lab import config, parse
from gitexp.lab.config import FILE, Config, Paths

JOURNALS = ('*_journal.md', 'RESEARCH_JOURNAL.md')
_PLAIN = re.compile(r'[A-Za-z_][\w./@{}=+-]*( [\w./@{}=+-]+)*')
_NOT_TEXT = {'true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'}
_WAYS = {'min': 'lower', 'max': 'higher'}


@dataclass(frozen=True)
class Answers:
    """What only a person can say about a lab; `frozen` are paths besides the configuration, `humans` as in gitexp.yaml."""

    metric: str
    direction: str
    eval: str
    train: str | None = None
    frozen: tuple[str, ...] = ()
    humans: tuple[str, ...] = ()


def text(answers: Answers, *, trunk: str = 'main', guarded: bool = False, journals: bool = False, paths: Paths = Paths()) -> str:
    """A gitexp.yaml with the least that works and a word on each line; raises Usage for an answer that cannot stand in one."""
    made = '\n'.join([*_measured(answers), '', *_rules(answers, journals, paths), *_places(trunk, guarded, paths), ''])
    try:
        said = parse.parse(made.encode('utf-8', 'surrogateescape'))
    except Usage as error:
        raise Usage(error.message.split(': ', 1)[-1], hint=error.hint) from None
    if (said['metric']['name'], said['eval'], said.get('train')) != (answers.metric, answers.eval, answers.train):
        odd = answers.train if said['eval'] == answers.eval else answers.eval
        raise Usage(f'the command cannot be written into {FILE}: {odd!r}', hint='put it into a script')
    return made


def read(made: bytes) -> Config:
    """The configuration that a file says."""
    return config.of(parse.parse(made))


def _measured(answers: Answers) -> list[str]:
    train = f'train: {_scalar(answers.train)}' if answers.train else '# train: python3 train.py --seed {seed}'
    return [
        '# What is fixed in this lab before an experiment starts. Experiments cannot change it.',
        '',
        'metric:',
        f'  name: {_scalar(answers.metric)}',
        f'  direction: {answers.direction}  # {_WAYS.get(answers.direction)} is better',
        "  # min_effect: 0.01  # the smallest gain worth having, in the metric's unit",
        '  # bounds: [0, 100]  # a value outside cannot be real, and never competes',
        '',
        f'# Must print a line such as "{answers.metric}: 1.234". {{seed}} is replaced by the seed, which is also in $EXP_SEED.',
        f'eval: {_scalar(answers.eval)}',
        '# Runs first, in the same checkout, where training is a command of its own.',
        train,
        '# What scores then sees nothing of an experiment but what its training has left in $EXP_OUT.',
        '# sealed: true',
        '# Files that git ignores and the evaluation needs, such as data.',
        '# inputs: [data/**]',
        '# Files that a run must leave in $EXP_OUT.',
        '# outputs: [best.json]',
        '# Numbers that eval: prints beside the metric, for the tables of git exp report.',
        '# axes: [params, lr]',
        '# The seeds that decide: a result with fewer is never better.',
        '# seeds: [1, 2, 3]',
        '# How long one run takes, in minutes: a baseline outside [shortest, longest] fails. For quick runs: [0, 40].',
        '# baseline: {minutes: [5, 40]}',
    ]


def _rules(answers: Answers, journals: bool, paths: Paths) -> list[str]:
    alone = [FILE, *(['program.md', 'meta_journal.md'] if journals else []), *answers.frozen]
    lines = [
        'rules:',
        '  # What decides and what measures: nobody changes it in an experiment. ** crosses folders.',
        f'  frozen: {_list(dict.fromkeys(alone))}',
        *(['  # Belongs to the trunk.', f'  global: {_list(["RESEARCH_JOURNAL.md"])}'] if journals else []),
        '  # Grows at its end only.',
        f'  append-bottom: {_list([paths.ledger])}',
    ]
    if journals:
        lines += ['  # Gets new entries under its heading; old ones stay.', f'  append-top: {_list(JOURNALS)}']
        plans = _list([f'{paths.experiments}/*/PLAN.md'])
        lines += ['  # Keeps its sections once there was a run; new ones follow.', f'  sections: {plans}']
    if answers.humans:
        lines += ['  # Is written by people only.', f'  human: {_list(["human_journal.md"])}']
    lines += ['  # All that an experiment may change, for a lab that wants it narrow.', '  # variable: [model.py, train.py]']
    return [*lines, *_people(answers.humans)]


def _people(humans: tuple[str, ...]) -> list[str]:
    said = f'humans: {_list(humans)}' if humans else '# humans: [ada@example.org]'
    return ['', '# Who may open what is frozen, with META_MODE=1.', said]


def _places(trunk: str, guarded: bool, paths: Paths) -> list[str]:
    lines = []
    if guarded:
        lines += ['', '# Nothing but appended entries is committed to the trunk directly, unless META_MODE=1 says so.',
                  f'trunk: {{name: {_scalar(trunk)}, guarded: true}}']
    elif trunk != 'main':
        lines += ['', f'trunk: {_scalar(trunk)}']
    moved = [f'  {name}: {_scalar(place)}' for name, place in paths._asdict().items() if place != getattr(Paths(), name)]
    return [*lines, '', 'paths:', *moved] if moved else lines


def _list(items: Iterable[str]) -> str:
    return f'[{", ".join(json.dumps(item, ensure_ascii=False) if set(item) & set("{}*") else _scalar(item) for item in items)}]'


def _scalar(said: str) -> str:
    if _PLAIN.fullmatch(said) and said.lower() not in _NOT_TEXT:
        return said
    return json.dumps(said, ensure_ascii=False)


def ignored(paths: Paths) -> list[str]:
    """What git must not track: worktrees, and what runs leave in the folder of an experiment, but for its plots."""
    folder = f'/{paths.experiments}/*'
    return [f'/{paths.worktrees}/', f'{folder}/exp_log*/', f'{folder}/results*/*', f'!{folder}/results*/viz/']


def attributes(said: Config) -> list[str]:
    """How git merges what only grows; where our merge drivers are not known git merges it as text."""
    journals = [f'{_matching(pattern)} merge=gitexp-journal' for pattern in said.rules['append-top']]
    ledger = re.sub(r'[*?\[\\]', r'\\\g<0>', said.paths.ledger)
    return [f'{_matching(ledger)} merge=gitexp-ledger -text', *journals]


def _matching(pattern: str) -> str:
    """A pattern of a rule as .gitattributes reads it: from the top, below a folder when it names one, quoted when it has a blank."""
    text = f'/{pattern}**' if pattern.endswith('/') else f'/{pattern}'
    return json.dumps(text, ensure_ascii=False) if re.search(r'\s', text) else text
