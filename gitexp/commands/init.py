"""git exp init."""
from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitexp.commands import ask, options, out
from gitexp.commands.declare import argument, command, flag, option
from gitexp.core.errors import No, Usage
from gitexp.guard import hooks
from gitexp.lab import adopt, ci, create, draft, site
from gitexp.lab.adopt import Plan
from gitexp.lab.config import FILE, Baseline
from gitexp.lab.draft import Answers
from gitexp.lab.site import Site

_FOR_SCRIPTS = "git exp init --yes --metric NAME --direction min --eval 'COMMAND'"
_WAYS = {'lower': 'min', 'higher': 'max', 'min': 'min', 'max': 'max'}
_PROSE = ('project', 'hypothesis_space')
_WHOLE = (FILE, '.gitignore', '.gitattributes', *ci.PLACES.values())


@command(
    argument('folder', metavar='DIR', nargs='?', default=Path('.'), type=Path),
    option('--lab', dest='name', metavar='NAME', help='Make the ready-made lab NAME in DIR, which must be empty or absent.'),
    option('--metric', metavar='NAME', help='The metric: the name that the evaluation prints before the value.'),
    option('--direction', choices=['min', 'max'], help='min: lower is better. max: higher is better.'),
    option('--eval', dest='evaluate', metavar='COMMAND', help='The command that measures; {seed} in it is replaced by the seed.'),
    option('--train', metavar='COMMAND', help='The command that trains, where it is not part of --eval.'),
    option('--frozen', metavar='PATH', action='append', default=[],
           help='What no experiment may change; the scripts named in --eval by default. Repeatable.'),
    option('--human', metavar='ADDRESS', action='append', default=[],
           help='Who may use meta mode and write human_journal.md, such as ada@example.org. Repeatable.'),
    flag('--scaffold', help='Also add the numbered folders, the journals and program.md.'),
    option('--project', metavar='TEXT', help='What program.md says of the project.'),
    option('--hypothesis-space', metavar='TEXT', help='What program.md says may be changed, and why that could help.'),
    option('--ci', dest='forge', choices=list(ci.PLACES), help='Also add a job that judges every pull request by the rules.'),
    option('--from', dest='source', metavar='SOURCE', help='With --ci: what the job gives to pip to install gitexp.'),
    options.yes,
    options.as_json,
)
def init(
    folder: Path, name: str | None, scaffold: bool, forge: str | None, source: str | None, yes: bool, as_json: bool, **told: Any,
) -> None:
    """Make a lab, or turn a repository into one.

    In a repository this adds gitexp.yaml, the hooks, and lines to .gitignore and .gitattributes. It shows what it will
    write and asks first, overwrites nothing, and stages the files for you to commit. In an empty or absent DIR it makes
    a new lab: a ready-made one with --lab, else one around your own metric.
    """
    folder = Path(os.path.abspath(folder))
    if source and not forge:
        raise Usage('--from goes with --ci')
    job = ci.files(forge, trunk='main', source=source) if forge else {}
    more = {path: (text, False) for path, text in job.items()}
    if name is not None:
        _unused(told, 'a ready-made lab brings its own')
        _made(folder, {**create.ready_made(name, scaffold=scaffold), **more}, f'Start from the lab {name}', as_json=as_json)
    elif create.fits(folder):
        answers = _answers(told, guess=None, asks=not yes)
        _made(folder, {**create.own(answers, {name: told[name] for name in _PROSE}), **more}, 'Start a lab', as_json=as_json)
        out.hint(f"write what '{answers.eval}' needs, then: META_MODE=1 git commit")
        out.hint(f'{_time(Baseline())}; after that: git exp baseline')
    else:
        _adopted(site.survey(folder), told, scaffold=scaffold, job=(forge, source) if forge else None, yes=yes, as_json=as_json)


def _made(folder: Path, made: create.Files, message: str, *, as_json: bool) -> None:
    create.make(folder, made, message=message, install=_install)
    if as_json:
        out.data({'lab': str(folder), 'trunk': 'main', 'files': {path: 'new' for path in sorted(made)}})
        return
    out.answer(folder)
    out.hint(f'cd {shlex.quote(str(folder))}')


def _adopted(
    place: Site, told: Mapping[str, Any], *, scaffold: bool, job: tuple[str, str | None] | None, yes: bool, as_json: bool,
) -> None:
    there = adopt.configured(place)
    if not scaffold:
        _unused({name: told[name] for name in _PROSE}, 'it is for program.md, which --scaffold adds')
    if there:
        given = {name: said for name, said in told.items() if name not in _PROSE}
        _unused(given, f'{FILE} is there already, and says it', way='git exp init')
    answers = None if there else _answers(told, guess=adopt.guess(place), asks=not yes)
    plan = adopt.plan(place, answers, scaffold=scaffold, prose={name: told[name] for name in _PROSE})
    plan = ci.added(plan, *job) if job else plan
    hooked = _hooked(place.top)
    nothing = hooked and not (plan.writes or plan.stage or plan.settings)
    if not as_json:
        _show(plan, hooked=hooked, nothing=nothing)
    if not nothing:
        _agreed(yes)
        adopt.carry_out(plan)
        _install(place.top)
    _done(plan, as_json=as_json)


def _unused(told: Mapping[str, Any], why: str, *, way: str | None = None) -> None:
    given = [f'--{name.replace("_", "-").replace("evaluate", "eval")}' for name, said in told.items() if said]
    if given:
        raise Usage(f'{given[0]} cannot be given: {why}', hint=way)


def _answers(told: Mapping[str, Any], *, guess: str | None, asks: bool) -> Answers:
    """What was said in options, and the rest by asking; raises Usage where nobody can be asked."""
    said = {'metric': told['metric'], 'direction': told['direction'], 'eval': told['evaluate']}
    if asks and ask.possible():
        said['metric'] = said['metric'] or ask.word('Metric, by the name that the evaluation prints', check=_named)
        said['direction'] = said['direction'] or _WAYS[ask.word('Which is better', choices=tuple(_WAYS))]
        if not said['eval']:
            said['eval'] = ask.word('Command that prints it', default=guess)
            told = {**told, 'train': told['train'] or ask.line('Command that trains before it (empty where there is none)')}
    said['eval'] = said['eval'] or guess
    if missing := [f'--{name}' for name, value in said.items() if not value]:
        raise Usage(f'{", ".join(missing)} must be given: what is measured cannot be guessed', hint=_FOR_SCRIPTS)
    train = told['train'] or None
    return Answers(said['metric'], said['direction'], said['eval'], train=train, frozen=told['frozen'], humans=told['human'])


def _named(metric: str) -> None:
    draft.text(Answers(metric, 'min', 'true'))


def _show(plan: Plan, *, hooked: bool, nothing: bool) -> None:
    """The plan: each file, and each line that is added to one that is there."""
    out.answer(f"'{plan.site.top}', trunk '{plan.site.trunk}'" + (': it is a lab already' if plan.committed else ''))
    if nothing:
        out.answer('  nothing to do')
    for write in plan.writes:
        lines = write.added or (write.text.decode().splitlines() if write.path in _WHOLE else ())
        out.answer(f'  {"add to" if write.added else "new":8}{write.path}')
        for line in lines:
            out.answer(f'          | {line}'.rstrip())
    for path in plan.stage:
        if path not in [write.path for write in plan.writes]:
            out.answer(f'  {"keep":8}{path}, to be committed')
    for key, value in plan.settings.items():
        out.answer(f'  {"config":8}{key} = {value}')
    if not hooked:
        out.answer(f'  {"new":8}git hooks; a hook of your own is still called')
    for note in plan.notes:
        out.talk(f'note: {note}')


def _agreed(yes: bool) -> None:
    if yes:
        return
    if not ask.possible():
        raise Usage('nothing has been written: there is no terminal to ask on', hint='to go ahead, add --yes')
    if not ask.sure():
        raise No('nothing has been written')


def _done(plan: Plan, *, as_json: bool) -> None:
    command = adopt.commit_command(plan, Path.cwd()) if plan.stage else None
    if as_json:
        out.data({
            'lab': str(plan.site.top), 'trunk': plan.site.trunk, 'files': dict(adopt.mapping(plan)),
            'notes': list(plan.notes), 'commit': command,
        })
    elif command:
        out.answer(f'Staged. Look at them, then commit:\n  {command}')
        if plan.config.baseline == Baseline():
            out.hint(f'before that: {_time(plan.config.baseline)}')
        out.hint('after that: git exp doctor, then git exp baseline')


def _time(wanted: Baseline) -> str:
    shortest, longest = wanted.minutes
    return f'a run must take {shortest:g} to {longest:g} minutes, unless {FILE} says otherwise: baseline: {{minutes: [0, {longest:g}]}}'


def _install(folder: Path) -> None:
    for line in hooks.install(folder):
        out.talk(f'note: {line}')


def _hooked(folder: Path) -> bool:
    """Whether git runs our hooks, in a repository that may not be a lab yet."""
    place = hooks.Site.of(folder)
    return place.folder.is_dir() and place.git.run('config', 'core.hooksPath').text == str(place.folder)
