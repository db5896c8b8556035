"""What a lab shows to somebody who looks for trouble: one function a place to look."""
from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator

from gitexp.core import locks, modes
from gitexp.core.errors import Usage
from gitexp.core.finding import Finding
from gitexp.experiment import intent
from gitexp.git import repository
from gitexp.guard import alive, drivers, hooks
from gitexp.lab import parse, program
from gitexp.lab.config import FILE, REPORT
from gitexp.lab.lab import Lab
from gitexp.ledger import agreed, counting, loss, pending, read, standing
from gitexp.report import adrift, conflicts, strays, view
from gitexp.report.health import Check, State
from gitexp.rules import behind, gate, pattern, ruleset
from gitexp.run import fence, landlock

_SHOWN = 10
_MARKED = 'a merge has left its conflict markers'
_PLAIN, _LEADING = ('100644', ''), ('120000', '160000')
_GLOB = set('*?[\\')
_PROBES = (('x/exp_log/run.log', True), ('x/results/run/out.bin', True), ('x/results/viz/curve.png', False))


def rules(lab: Lab) -> Iterator[Check]:
    """Whether the rules can be read, name what is there, and hold what measures."""
    compiled = ruleset.of(lab.config, repository.blob(lab.git, lab.config_blob))
    told = [(kind, path) for kind in ('frozen', 'fixed') for path in lab.config.rules[kind] if not set(path) & _GLOB]
    scripts = _scripts(lab.config.eval.text)
    paths = [*(path.rstrip('/') for _, path in told), *scripts]
    there = dict(zip(paths, repository.objects(lab.git, [f'{lab.trunk_commit}:{path}' for path in paths])))
    fixed = gate.fixed_blobs(lab)
    held = {path for path in scripts if any(rule.kind in ('frozen', 'fixed') for rule in compiled.covering(path))}
    yield from (Check('rules', State.BAD, one.says, one.way) for one in behind.found(lab, fixed))
    for kind, path in told:
        # What lies in a submodule or behind a link is in no tree: what leads to it is held.
        if not there[path.rstrip('/')] and not any(fixed.get(way.said, _PLAIN)[0] in _LEADING for way in pattern.ways(pattern.of(path))):
            way = f'correct {FILE}, or commit the file'
            yield Check('rules', State.WARN, f"rules.{kind} names '{path}', which is not on the trunk", way)
    for path in scripts:
        if there[path] and path not in held:
            yield Check('rules', State.WARN, f"eval runs '{path}', and experiments may change it", f'add it to rules.frozen in {FILE}')
    yield Check('rules', State.OK, f'{sum(map(len, lab.config.rules.values()))} patterns')


def _scripts(command: str) -> list[str]:
    """Words of a command that may be files of the lab, but for training: experiments are there to change that."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    paths = [os.path.normpath(word) for word in words if not word.startswith(('-', '/', '..')) and word.isprintable()]
    return [path for path in dict.fromkeys(paths) if '.' in path and path != '.' and 'train' not in os.path.basename(path)]


def working_copy(lab: Lab) -> Iterator[Check]:
    """gitexp.yaml in root counts once it is committed, so what is wrong with it can still be put right."""
    text = (lab.root / FILE).read_bytes() if (lab.root / FILE).is_file() else None
    if text == repository.blob(lab.git, lab.config_blob) or text is None and lab.leaves_out(FILE):
        return
    try:
        if text is not None:
            parse.parse(text)
        says = f'{FILE} in the working copy differs from the trunk, which is what counts'
        yield Check('configuration', State.WARN, says, f'META_MODE=1 git commit {FILE}, or git restore {FILE}')
    except Usage as error:
        yield Check('configuration', State.BAD, f'in the working copy: {error.message}', error.hint)


def documents(lab: Lab) -> Iterator[Check]:
    """What program.md leaves open, and whether it names the metric that counts."""
    name = f'{lab.trunk_commit}:{program.FILE}'
    oid = repository.objects(lab.git, [name])[0]
    if oid is None:
        return
    text = repository.blob(lab.git, oid).decode('utf-8', 'replace')
    yield from _each('program', program.check(text, lab.config.metric), fine='nothing left to fill in')


def hooking(lab: Lab) -> Iterator[Check]:
    """Whether git runs our hooks."""
    yield from _each('hooks', alive.state(lab), fine='installed')


def trunk(lab: Lab) -> Iterator[Check]:
    """Whether the trunk is checked out somewhere: the ledger lives there."""
    yield Check('trunk', State.OK, f"'{lab.trunk}' in {lab.root}")


def ledger(lab: Lab) -> Iterator[Check]:
    """Whether every line can be used, and lines can be added."""
    if lost := loss.found(lab):
        yield Check('ledger', State.BAD, lost.message, lost.hint)
    if not lab.ledger.exists():
        yield from _writable(lab, 'there is none yet')
        return
    found = read.read(lab)
    yield from _each('ledger', found.findings, fine=None)
    other = list(standing.silent(found, lab.config.metric).values()).count(counting.OTHER_DATA)
    if other:
        says = f'{other} row{"" if other == 1 else "s"} measured on other data than the first baseline: they do not compete'
        yield Check('ledger', State.WARN, says, 'git exp results names them; put the same data into every clone')
    if not any(finding.level == 'error' for finding in found.findings):
        yield from _writable(lab, f'{len(found.results)} rows')


def noted(lab: Lab) -> Iterator[Check]:
    """Whether the ledger and the notes have the same rows, and are none but rows."""
    found = agreed.difference(lab)
    untaken = sum(len(rows) for rows in agreed.lacking(lab, found.untaken, []))
    for many, says in ((untaken, 'the notes have {} that the ledger has lost'), (len(found.unnoted), 'the notes lack {}')):
        if many:
            yield Check('notes', State.WARN, says.format(f'{many} row{"" if many == 1 else "s"}'), 'git exp sync --local')
    yield from _each('notes', found.odd, fine=None)
    if not (untaken or found.unnoted or found.odd):
        yield Check('notes', State.OK, 'the same rows as in the ledger')


def unmerged(lab: Lab) -> Iterator[Check]:
    """Conflicts that a merge has left where both sides only add, and in the page that is written anew."""
    for conflict in conflicts.found(lab):
        by_hand = f"keep every line of both sides, then: git add '{conflict.path}'"
        way = 'git exp doctor --fix' if conflicts.resolution(lab, conflict) else by_hand
        yield Check('conflicts', State.BAD, f"'{conflict.path}': {_MARKED}", way)
    page = lab.root / REPORT
    if view.is_there(page) and conflicts.is_marked(page.read_bytes()):
        yield Check('conflicts', State.BAD, f"'{REPORT}': {_MARKED}", f'git exp report, then: git add {REPORT}')


def _writable(lab: Lab, says: str) -> Iterator[Check]:
    path = lab.ledger if lab.ledger.exists() else lab.ledger.parent
    if os.access(path, os.W_OK):
        yield Check('ledger', State.OK, says)
    else:
        yield Check('ledger', State.BAD, f"'{path}' cannot be written to", modes.way(str(path)) or f'chmod u+w {shlex.quote(str(path))}')


def runs(lab: Lab) -> Iterator[Check]:
    """Runs under way, and runs whose process died before their row was written."""
    dead = [path for path in sorted((lab.state / 'runs').glob('*.json')) if locks.is_free(path)]
    if dead:
        says = f'{len(dead)} begun and not recorded: {", ".join(path.stem for path in dead[:_SHOWN])}'
        yield Check('runs', State.WARN, says, 'git exp doctor --fix')
    yield Check('runs', State.OK, f'{len(pending.running(lab))} under way')


def commands(lab: Lab) -> Iterator[Check]:
    """Commands of several steps that were killed between them."""
    for left in intent.dead(lab.state):
        left.close()
        yield Check('commands', State.WARN, f"git exp {left.verb} of '{left.slug}' was killed half done", 'git exp doctor --fix')
    if (lab.state / 'unfinished').exists():
        yield Check('commands', State.WARN, 'git exp init was killed half done', 'type it again')


def held(lab: Lab) -> Iterator[Check]:
    """Who holds a lock: nothing to mend, but the reason why something waits."""
    for path in sorted((lab.state / 'locks').glob('*')):
        if path.is_file() and not locks.is_free(path):
            yield Check('locks', State.OK, f'{path.name}: {locks.holder(path)}')


def ignored(lab: Lab) -> Iterator[Check]:
    """Whether git leaves alone what is not for commits."""
    probes = [(f'{lab.config.paths.worktrees}/x/', True)] + [(f'{lab.config.paths.experiments}/{path}', want) for path, want in _PROBES]
    said = lab.git.at(lab.root).run('check-ignore', '-z', '--no-index', '--stdin', feed=_lines(path for path, _ in probes)).names
    wrong = [(path, want) for path, want in probes if (path in said) is not want]
    for path, want in wrong:
        yield Check('ignored', State.WARN, f".gitignore {'does not cover' if want else 'covers'} '{path}'", 'git exp init adds the lines')
    if not wrong:
        yield Check('ignored', State.OK, 'worktrees and outputs')


def merging(lab: Lab) -> Iterator[Check]:
    """Whether .gitattributes names the way in which the ledger and the journals are merged, and git knows it."""
    kinds = conflicts.shared(lab)
    said = lab.git.at(lab.root).ask('check-attr', '-z', 'merge', '--', *kinds).names
    wrong = [path for path, driver in zip(said[::3], said[2::3]) if driver != f'gitexp-{kinds[path]}']
    for path in wrong[:_SHOWN]:
        yield Check('attributes', State.WARN, f"no merge driver for '{path}' in .gitattributes", 'git exp init adds the line')
    if not drivers.are_there(lab.settings):
        yield Check('attributes', State.WARN, 'git has no merge drivers here for the ledger and the journals', hooks.INSTALL)
    elif not wrong:
        yield Check('attributes', State.OK, 'the ledger and the journals have their merge drivers')


def holding(lab: Lab) -> Iterator[Check]:
    """Whether runs are kept from writing to the lab."""
    held_off = fence.of(lab, f'{lab.config.train.text if lab.config.train else ""} {lab.config.eval.text}')
    if held_off.version:
        yield Check('landlock', State.OK, f'runs cannot write to the lab (Landlock {held_off.version})')
    elif lab.settings.get('gitexp.landlock') is not None or landlock.version() is None:
        yield Check('landlock', State.OK, f'runs can write to the lab: {held_off.why}')
    else:
        yield Check('landlock', State.WARN, f'runs can write to the lab: {held_off.why}', 'git config gitexp.landlock true')


LOOKS: dict[str, Callable[[Lab], Iterator[Check]]] = {
    'trunk': trunk, 'configuration': working_copy, 'rules': rules, 'program': documents, 'hooks': hooking, 'conflicts': unmerged,
    'ledger': ledger, 'rows': strays.look, 'notes': noted, 'runs': runs, 'commands': commands,
    'worktrees': adrift.look, 'locks': held, 'landlock': holding, 'ignored': ignored, 'attributes': merging,
}
SERVED = ('rules', 'program', 'hooks')  # What matters where pushes are judged, and nobody works.


def _each(name: str, found: Iterable[Finding], *, fine: str | None) -> Iterator[Check]:
    told = list(found)
    for finding in told[:_SHOWN]:
        state = State.BAD if finding.level == 'error' else State.WARN
        yield Check(name, state, f'{finding.path}: {finding.message}', finding.way or None)
    if len(told) > _SHOWN:
        yield Check(name, State.BAD, f'and {len(told) - _SHOWN} more')
    if not told and fine:
        yield Check(name, State.OK, fine)


def _lines(paths: Iterable[str]) -> bytes:
    return ''.join(f'{path}\0' for path in paths).encode('utf-8', 'surrogateescape')
