"""Making a lab of a repository that is there already: a plan to be shown first, then done."""
from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import MappingProxyType

from gitexp.core import files
from gitexp.core.errors import Refused, Usage
from gitexp.git import repository, settings
from gitexp.lab import draft, program, templates
from gitexp.lab.config import FILE, Config, Metric, Paths
from gitexp.lab.draft import Answers
from gitexp.lab.site import Site

_ELSEWHERE = Paths('exp.tsv', 'exp_worktrees', 'exp')
_SCRIPTS = ('.py', '.sh')
_LEDGER_STARTS = b'id\ttime\texperiment\t'


@dataclass(frozen=True)
class Write:
    """One file to write: the whole of its text, and the lines that are added if it is there already."""

    path: str
    text: bytes
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All that adopting would change; `stage` are the files for the commit, written now or by an interrupted adoption."""

    site: Site
    config: Config
    committed: bool
    writes: tuple[Write, ...]
    stage: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def settings(self) -> dict[str, str]:
        """What git's configuration must say besides the hooks."""
        named = self.site.trunk != 'main' and self.site.git.run('config', '--local', 'gitexp.trunk').text != self.site.trunk
        return {'gitexp.trunk': self.site.trunk} if named else {}


def configured(site: Site) -> bool:
    """Whether there is a gitexp.yaml, committed or not; raises Refused for one that is committed and gone."""
    there = os.path.lexists(site.top / FILE)
    if not there and _committed(site):
        raise Refused(f"'{FILE}' is on the trunk, and has been deleted here", hint=f'git restore {FILE}')
    return there


def guess(site: Site) -> str | None:
    """The evaluation command, where one is likely."""
    return 'python3 eval.py' if site.tracked('eval.py') == ['eval.py'] else None


def plan(
    site: Site, answers: Answers | None, *, scaffold: bool = False, prose: Mapping[str, str | None] = MappingProxyType({}),
) -> Plan:
    """Decide what to write; `answers` may be missing where a gitexp.yaml is.

    Raises Usage for a bad gitexp.yaml or answer, Refused for a file that is in the way.
    """
    notes: list[str] = []
    writes = []
    if not configured(site):
        assert answers is not None
        writes.append(_configuration(site, answers, scaffold, notes))
    config = draft.read(writes[0].text if writes else _regular(site.top / FILE) or b'')
    _same_trunk(site, config)
    documents = dict(_documents(config.metric, prose)) if scaffold else {}
    writes += [Write(path, text) for path, text in documents.items() if not os.path.lexists(site.top / path)]
    for path, lines in {'.gitignore': draft.ignored(config.paths), '.gitattributes': draft.attributes(config)}.items():
        writes += _lines(site, path, lines)
    committed = _committed(site)
    left = [path for path, text in documents.items() if _left(site.top / path, text)]
    ours = left if committed else [FILE, '.gitignore', '.gitattributes', *left]
    staged = dict.fromkeys([*(write.path for write in writes), *_uncommitted(site, ours)])
    return Plan(site, config, committed, tuple(writes), tuple(staged), tuple(notes))


def carry_out(plan: Plan) -> None:
    """Write the files, stage them, and name the trunk; a killed one is finished by planning and doing it again."""
    for path in plan.stage:
        files.sweep(plan.site.top / path)
    for write in plan.writes:
        target = plan.site.top / write.path
        mode = target.stat().st_mode if target.exists() else None
        files.replace(target, write.text)
        if mode is not None:
            target.chmod(mode & 0o777)
    for key, value in plan.settings.items():
        settings.write(plan.site.git, key, value)
    if plan.stage:
        plan.site.git.ask('add', '--force', '--', *(f':(top,literal){path}' for path in plan.stage))


def commit_command(plan: Plan, here: Path) -> str:
    """What to type to commit what was staged, and nothing else that may be."""
    where = [] if here == plan.site.top else ['-C', str(plan.site.top)]
    message = 'Change what the lab is made of' if plan.committed else 'Make this repository a lab'
    words = ['git', *where, 'commit', '-m', message, '--', *plan.stage]
    return ('META_MODE=1 ' if plan.committed and plan.config.guarded else '') + shlex.join(words)


def _committed(site: Site) -> bool:
    return repository.objects(site.git, [f'refs/heads/{site.trunk}:{FILE}']) != [None]


def _configuration(site: Site, answers: Answers, journals: bool, notes: list[str]) -> Write:
    paths = _free(site, notes)
    _there(site, answers.frozen)
    frozen = answers.frozen or [re.sub(r'[*?\[\\]', r'\\\g<0>', path) for path in _scripts(site, answers.eval)]
    if not frozen:
        notes.append(f'nothing but {FILE} will be frozen: name what measures with --frozen PATH, or add it to the file')
    for path in frozen:
        if open_to_all := _imported(site, path, frozen):
            named = ', '.join(f"'{one}'" for one in open_to_all)
            notes.append(f"'{path}' imports {named}, which experiments may change: what of that measures is named with --frozen as well")
    for path in _lacking(site, answers):
        notes.append(f"git does not have '{path}', which a command names: a run finds only what is committed")
    told = Answers(**{**vars(answers), 'frozen': tuple(frozen)})
    return Write(FILE, draft.text(told, trunk=site.trunk, journals=journals, paths=paths).encode())


def _imported(site: Site, path: str, frozen: Collection[str]) -> list[str]:
    """The tracked modules and packages that a script in Python imports and that are not frozen with it."""
    if not path.endswith('.py') or not (site.top / path).is_file():
        return []
    import ast  # Costs time, and only this needs it.
    try:
        nodes = [*ast.walk(ast.parse((site.top / path).read_bytes()))]
    except (SyntaxError, ValueError):
        return []
    names = [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    places = [os.path.join(os.path.dirname(path), name.partition('.')[0]) for name in names]
    tracked = site.tracked(*dict.fromkeys(one for place in places for one in (f'{place}.py', place)))
    found = dict.fromkeys(one for place in places for one in (f'{place}.py', f'{place}/') if any(map(str.startswith, tracked, repeat(one))))
    return [one for one in found if not any(one.startswith(said.removesuffix('**')) for said in frozen)]


def _there(site: Site, frozen: Iterable[str]) -> None:
    """Raises Usage for the name of a file or a folder that is not there; what a pattern with wildcards means may come."""
    for path in frozen:
        if not re.search(r'[*?\[\\{]', path) and not os.path.lexists(site.top / path):
            raise Usage(f"there is no '{path}' to be frozen", hint='git ls-files')


def _lacking(site: Site, answers: Answers) -> list[str]:
    """The scripts, by their endings, that the commands name and git does not track; of one that goes to another folder nothing is known."""
    told = [(answers.eval, 'evaluation'), (answers.train or '', 'training')]
    words = [path for command, what in told if not re.search(r'\bcd\b', command) for path in _named(command, what)]
    named = [path for path in words if path.endswith(_SCRIPTS) and not re.search(r'[\s{]', path)]
    return [path for path in dict.fromkeys(named) if path not in site.tracked(*named)]


def _scripts(site: Site, command: str) -> list[str]:
    """The tracked files that the evaluation names, but for training: experiments are there to change that."""
    named = _named(command, 'evaluation')
    return [path for path in site.tracked(*dict.fromkeys(named)) if path in named and 'train' not in os.path.basename(path)]


def _named(command: str, what: str) -> list[str]:
    """The words that may be paths of the repository."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Usage(f"the {what} command cannot be read: {str(error).lower()}: '{command}'") from None
    return [os.path.normpath(word) for word in words if not word.startswith(('-', '/', '..'))]


def _free(site: Site, notes: list[str]) -> Paths:
    """The usual places, or others where this repository has something of its own there."""
    usual = Paths()
    taken = {name: place for name, place in usual._asdict().items() if _occupied(site, name, place)}
    for name, place in taken.items():
        notes.append(f"'{place}' is there already, so the {name} of this lab will be '{getattr(_ELSEWHERE, name)}'")
    return Paths(**{name: getattr(_ELSEWHERE if name in taken else usual, name) for name in usual._asdict()})


def _occupied(site: Site, name: str, place: str) -> bool:
    at = site.top / place
    if name == 'ledger':
        return os.path.lexists(at) and not (at.is_file() and at.read_bytes().startswith(_LEDGER_STARTS))
    return bool(site.tracked(place)) or os.path.lexists(at) and not at.is_dir()


def _same_trunk(site: Site, config: Config) -> None:
    if config.trunk != site.trunk:
        raise Usage(
            f"{FILE} says that the trunk is '{config.trunk}', and '{site.trunk}' is checked out",
            hint=f'git switch {config.trunk}, or put this into {FILE}: trunk: {site.trunk}',
        )


def _documents(metric: Metric, prose: Mapping[str, str | None]) -> Iterator[tuple[str, bytes]]:
    for path, (text, _) in templates.files(templates.DOCUMENTS).items():
        yield path, program.fill(text.decode(), metric, prose).encode() if path == program.FILE else text


def _left(target: Path, text: bytes) -> bool:
    """Whether a file is exactly what we would write, so that an adoption that was interrupted left it."""
    return target.is_file() and target.read_bytes() == text


def _lines(site: Site, path: str, wanted: list[str]) -> list[Write]:
    text = _regular(site.top / path)
    there = [line.strip() for line in (text or b'').decode('utf-8', 'surrogateescape').splitlines()]
    missing = [line for line in wanted if line not in there]
    if not missing:
        return []
    if not site.untouched(path):
        raise Refused(f"'{path}' has uncommitted changes, and lines must be added to it", hint=f'git commit {path}, or git stash')
    return [Write(path, added(text or b'', missing), tuple(missing) if text is not None else ())]


def added(text: bytes, lines: list[str]) -> bytes:
    """A text with lines at its end, which end as its own do."""
    end = b'\r\n' if b'\r\n' in text else b'\n'
    gap = end if text and not text.endswith(b'\n') else b''
    return text + gap + b''.join(line.encode() + end for line in lines)


def _regular(path: Path) -> bytes | None:
    if path.is_symlink() or path.exists() and not path.is_file():
        raise Refused(f"'{path}' is not a plain file", hint='replace it by one')
    return path.read_bytes() if path.exists() else None


def _uncommitted(site: Site, paths: list[str]) -> list[str]:
    """Those that are there, and not as the last commit has them."""
    there = [path for path in paths if (site.top / path).is_file()]
    tracked = site.tracked(*there)
    changed = site.git.ask('diff', '--name-only', '--no-relative', '-z', 'HEAD').names if there else []
    return [path for path in there if path in changed or path not in tracked]


def mapping(plan: Plan) -> Mapping[str, str]:
    """Each file of the plan with what happens to it."""
    done = {path: 'stage' for path in plan.stage}
    return {**done, **{write.path: 'add lines' if write.added else 'new' for write in plan.writes}}
