"""git exp import"""
from __future__ import annotations

import gc
import os
import shlex
import stat
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gitexp.commands import ask, here, options, out
from gitexp.commands.declare import argument, command, flag, option
from gitexp.core.errors import No, Refused, Usage
from gitexp.experiment import slug
from gitexp.lab.lab import Lab
from gitexp.ledger import cells
from gitexp.ledger.cells import PLACES
from gitexp.ledger.foreign import importing
from gitexp.ledger.foreign.importing import Plan, Question, Told
from gitexp.ledger.result import Status
from gitexp.report import rows as report, table

_VALUE, _STATUS = PLACES[cells.VALUE], PLACES['status']
_NAMED = 10
_SHOWN = 5
_STDIN = '-'


@command(
    argument('file', metavar='FILE'),
    option('--columns', action='append', default=[], metavar='NAME,...',
           help='The columns of rows that no header stands above; _ for one to leave out. Repeatable, for rows of another width.'),
    option('--metric', metavar='NAME', help="The column that holds the lab's metric. Default: the one of its name."),
    option('--direction', choices=['min', 'max'], help='Which is better in that column, where the log does not say.'),
    option('--status', dest='statuses', action='append', default=[], metavar='WORD=STATUS',
           help='What a status of the log means: ok for a run that was measured, kept or not; else failed, timeout or oom. Repeatable.'),
    option('--experiment', default=slug.IMPORTED, metavar='SLUG', help='What the rows are filed under. Default: imported.'),
    flag('--dry-run', help='Show what it would append, and change nothing.'),
    options.as_json,
)
def import_(
    file: str, columns: tuple[str, ...], metric: str | None, direction: str | None, statuses: tuple[str, ...],
    experiment: str, dry_run: bool, as_json: bool,
) -> None:
    """Append the rows of somebody else's log to the ledger.

    FILE is tab-separated rows, as autoresearch writes into results.tsv, or JSON lines, as pi writes into autoresearch.jsonl, or
    CSV; - is standard input. Each line that is no row is named with the reason. What only a person knows is asked for, or refused
    with what to type where there is no terminal.

    Imported rows are shown, and never compete: nobody knows by which evaluation they were measured. A word such as keep or
    discard goes to params, a crash has no value, a short commit stays short, so that every clone makes the same rows of a log.
    The same row is appended once for an --experiment, however often it is imported.
    """
    gc.disable()  # A hundred thousand rows are no garbage, and looking for some takes a fifth of the time.
    if experiment != slug.IMPORTED:
        slug.check(experiment)
    told = Told(tuple(_names(one) for one in columns), metric, direction, dict(map(_meaning, statuses)), experiment)
    data = _read(file)
    lab = here.lab()
    told, plan = _asked(lab, data, told, file=file, asks=not as_json and file != _STDIN and ask.possible())
    new = importing.missing(lab, plan.rows) if dry_run else importing.carry_out(lab, plan.rows)
    if as_json:
        out.data(_data(file, plan, new, dry_run=dry_run))
    else:
        _answer(lab, data, told, plan, new, file=file, dry_run=dry_run)
    if not plan.rows:
        raise No(f"'{file}' has no row that can be imported", hint=_unknown(file, told, plan))


def _names(said: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in said.split(','))


def _meaning(said: str) -> tuple[str, Status]:
    word, _, status = said.rpartition('=')
    known = {one.value: one for one in Status}
    if not word or status not in known:
        raise Usage(f"--status '{said}' is not WORD=STATUS with one of {', '.join(known)}", hint="--status 'reverted=ok'")
    return word, known[status]


def _read(file: str) -> bytes:
    if file == _STDIN:
        return sys.stdin.buffer.read()
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        with open(handle, 'rb') as opened:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
                raise Refused(f"cannot import '{file}': it is no file")
            return opened.read()
    except OSError as error:
        raise Refused(f"cannot read '{file}': {(error.strerror or str(error)).lower()}") from None


def _asked(lab: Lab, data: bytes, told: Told, *, file: str, asks: bool) -> tuple[Told, Plan]:
    """The rows, once all is known that it does not say; raises Usage where nobody can be asked."""
    open_questions = []
    while True:
        plan = importing.plan(data, lab.config.metric, told)
        if plan.question is None:
            break
        open_questions.append(plan.question.message)
        told = _with(told, plan.question, _prompt(plan.question) if asks else plan.question.example)
    if open_questions and not asks:
        raise Usage(f"cannot import '{file}': {', and '.join(open_questions)}?", hint=f'with your own answers: {_again(file, told)}')
    return told, plan


def _prompt(question: Question) -> str:
    out.talk(f'{question.message}?')
    if question.option == 'direction':
        return ask.word('--direction', choices=('min', 'max'))
    return ask.word(f'--{question.option}', default=question.example)


def _with(told: Told, question: Question, answer: str) -> Told:
    if question.option == 'columns':
        return told._replace(columns=(*told.columns, _names(answer)))
    return told._replace(metric=answer) if question.option == 'metric' else told._replace(direction=answer)


def _again(file: str, told: Told) -> str:
    """The command that says all of `told`."""
    words = ['git', 'exp', 'import', file]
    for names in told.columns:
        words += ['--columns', ','.join(names)]
    words += ['--metric', told.metric] if told.metric else []
    words += ['--direction', told.direction] if told.direction else []
    for word, status in told.statuses.items():
        words += ['--status', f'{word}={status.value}']
    return shlex.join(words + (['--experiment', told.experiment] if told.experiment != slug.IMPORTED else []))


def _answer(lab: Lab, data: bytes, told: Told, plan: Plan, new: Sequence[bytes], *, file: str, dry_run: bool) -> None:
    for one in plan.dropped[:_NAMED]:
        out.talk(f'{file}:{one.line}: {one.why}')
    if len(plan.dropped) > _NAMED:
        out.talk(f'{file}: {len(plan.dropped) - _NAMED} more lines are no rows; --json names all')
    if not plan.rows:
        return
    if plan.dropped and (hint := _unknown(file, told, plan)):
        out.hint(hint)
    if dry_run:
        meanings = importing.meanings(data, lab.config.metric, told)
        out.answer(table.fields([(f'{name} ->', place) for name, place in meanings]))
        out.answer(_table(lab, new))
    ended = [tuple(row.split(b'\t', _STATUS + 1)[_VALUE:_STATUS + 1]) for row in new]
    ends = Counter(status.decode() for _, status in ended)
    counted = ''.join(f'{", " if place else ": "}{count} {status}' for place, (status, count) in enumerate(ends.most_common()))
    out.answer(f"{'would import' if dry_run else 'imported'} {_rows(len(new))} of '{file}'{counted}")
    if empty := ended.count((b'', Status.OK.value.encode())):
        out.answer(f'{_rows(empty)} that {"is" if empty == 1 else "are"} ok {"says" if empty == 1 else "say"} no value')
    if len(new) < len(plan.rows):
        out.answer(f'{_rows(len(plan.rows) - len(new))} {"is" if len(plan.rows) - len(new) == 1 else "are"} in the ledger already')
    if new and not dry_run:
        out.hint(f'git exp results {told.experiment}')


def _unknown(file: str, told: Told, plan: Plan) -> str | None:
    """What to type where only the meaning of a status was missing."""
    words = {word: Status.OK for word in plan.unknown}
    if not 0 < len(words) <= _NAMED:
        return None
    return f'if these were measured: {_again(file, told._replace(statuses={**told.statuses, **words}))}'


def _table(lab: Lab, new: Sequence[bytes]) -> str:
    shown = [cells.parsed(cells.named(row)) for row in new[:_SHOWN]]
    text = report.text(shown, {}, metric=lab.config.metric.name, width=out.room())
    return text + (f'\n… and {_rows(len(new) - _SHOWN)}' if len(new) > _SHOWN else '')


def _rows(count: int) -> str:
    return f'{count} row{"" if count == 1 else "s"}'


def _data(file: str, plan: Plan, new: Sequence[bytes], *, dry_run: bool) -> dict[str, Any]:
    return {
        'file': file, 'form': plan.form, 'dry_run': dry_run, 'imported': [importing.name_of(row).decode() for row in new],
        'known': len(plan.rows) - len(new), 'dropped': [one._asdict() for one in plan.dropped], 'unknown_statuses': plan.unknown,
    }
