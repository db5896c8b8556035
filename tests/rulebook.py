"""Labs to break rules in, made once and copied, and a small language of changes."""
from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from place import Place

from gitexp.guard import hooks, push
from gitexp.lab.lab import Lab
from gitexp.rules import asked, gate, ruleset, staged

RULES = """\
metric: {name: score, direction: min}
eval: python3 eval.py {seed}
humans: [Ada Lovelace <ADA@example.org>]
rules:
  frozen:
    - gitexp.yaml
    - program.md
    - eval.py
    - meta_journal.md
    - guard/
    - größe.md
    - odd?name
  global: [RESEARCH_JOURNAL.md, results.tsv, STATUS.md]
  append-top: ['*_journal.md', RESEARCH_JOURNAL.md]
  append-bottom: [results.tsv, '**/experiences.md']
  sections: [experiments/*/PLAN.md, DESIGN.md]
  keep: [docs/archived/**]
  links-only: [data/**]
  human: [human_journal.md]
  fixed: [data.py]
"""
INPUTS = 'inputs: [weights/**]\n'
LEAST = 'metric: {name: score, direction: min}\neval: python3 eval.py {seed}\nrules: {frozen: [gitexp.yaml, eval.py]}\n'
KINDS = {
    'least': LEAST,
    'open': RULES + INPUTS,
    'guarded': RULES + INPUTS + 'trunk: {name: main, guarded: true}\n',
    'confined': RULES + '  variable: [model.py, "lib/*.py"]\n' + INPUTS,
}
JOURNAL = '# Journal\n\nWhat this is.\n\n## 2026-01-02 second\nb\n\n## 2026-01-01 first\na\n'
PLAN = """\
# Plan

**Status:** planned

## 1. Goal

lower

## 2. Data

<!-- which files -->

## 7. Monitoring

curves

## 8. Protocol

- Seeds: three
- Stop:
"""
FILES = {
    'program.md': '# Program\n', 'eval.py': 'print(1)\n', 'guard/a.py': 'a = 1\n', 'größe.md': 'x\n', 'odd\tname': 'x\n',
    'meta_journal.md': JOURNAL, 'notes_journal.md': JOURNAL, 'RESEARCH_JOURNAL.md': JOURNAL, 'STATUS.md': 'fine\n',
    'results.tsv': 'id\texperiment\tscore\n1\ta\t3.0\n2\ta\t2.9\n', 'docs/archived/old.md': 'old\n', 'data.py': 'd = 1\n',
    'model.py': 'm = 1\n', 'lib/a.py': 'a = 1\n', 'other.py': 'o = 1\n', 'experiments/a/experiences.md': 'one\n',
    'experiments/a/PROTOCOL.md': 'fixed\n', 'experiments/a/PLAN.md': PLAN, 'experiments/fresh/PLAN.md': PLAN,
    'DESIGN.md': PLAN, 'human_journal.md': JOURNAL,
    'experiments/a/results_v1_bug/viz/plot.svg': '<svg/>\n', 'experiments/a/exp_log_v1_bug/x.log': 'log\n', 'run.sh': '#!/bin/sh\n',
}


def make(tmp_path: Path, kind: str = 'open', branch: str = 'exp/a') -> Place:
    """A lab of a kind, on a branch, with its hooks and a remote that has its trunk; a copy of one that is made once."""
    home = tmp_path / f'{kind} läb'
    shutil.copytree(_template(tmp_path.parent / 'templates', kind), home, symlinks=True)
    place = Place(home / 'work')
    if branch != 'main':
        place.git('switch', '-q', '-c', branch)
    hooks.install(place.path)
    return place


def _template(folder: Path, kind: str) -> Path:
    place = Place(folder / kind / 'work')
    if not place.path.exists():
        place.path.mkdir(parents=True)
        place.git('init', '-q')
        for name, text in {'gitexp.yaml': KINDS[kind], **FILES}.items():
            place.write(name, text)
        _link(place, 'data/train.txt', '../other.py')
        place.commit('a lab')
        place.git('clone', '-q', '--bare', '.', '../shared.git')
        place.git('remote', 'add', 'origin', '../shared.git')
        place.git('fetch', '-q')
        place.git('branch', '-q', '--set-upstream-to=origin/main', 'main')
        for sample in (place.path.parent).glob('*/**/hooks/*.sample'):
            sample.unlink()
        Lab.find(place.path)  # Keeps the parsed gitexp.yaml, as in a lab that is in use.
    return folder / kind


def apply(place: Place, steps: str) -> None:
    """Carry out a list such as 'edit eval.py; move a b' and stage it."""
    for step in steps.split('; '):
        word, *names = [name.replace('\\t', '\t').replace('\\n', '\n').replace('\\e', 'e\u0301') for name in step.split(' ')]
        _STEPS[word](place, *names)
    place.git('add', '-A', '--', ':/')


def _bytes(place: Place, name: str) -> bytes:
    return bytes((place.path / name).read_bytes())


def _change(change: Callable[[bytes], bytes]) -> Callable[..., None]:
    return lambda place, name: place.write(name, change(_bytes(place, name))) and None


def _link(place: Place, name: str, target: str = 'other.py') -> None:
    path = place.path / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _submodule(place: Place, name: str) -> None:
    path = place.path / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.mkdir()
    place.at(name).git('init', '-q')
    place.at(name).git('commit', '-q', '--allow-empty', '-m', 'sub')


def _move(place: Place, old: str, new: str) -> None:
    target = place.path / new
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(place.path / old, target)


def _folder_to_file(place: Place, name: str) -> None:
    shutil.rmtree(place.path / name)
    place.write(name, 'now a file\n')


def _attribute(place: Place, name: str, *said: str) -> None:
    place.write('.gitattributes', ' '.join([name, *said]) + '\n')


_ENTRY = b'## 2026-02-01 new\nnew text\n\n'
_STEPS: dict[str, Callable[..., Any]] = {
    'edit': _change(lambda text: text.replace(b'1', b'9').replace(b'x', b'y').replace(b'P', b'Q') + b'# more\n'),
    'comment': _change(lambda text: text + b'# a comment\n'),
    'add': lambda place, name: place.write(name, 'new\n'),
    'touch': lambda place, name: place.write(name, ''),
    'as': lambda place, address: place.git('config', 'user.email', address),
    'attribute': _attribute,
    'say': lambda place, name, old, new: place.write(name, (place.path / name).read_text().replace(old, new)),
    'delete': lambda place, name: (place.path / name).unlink(),
    'move': _move,
    'copy': lambda place, old, new: shutil.copy(place.path / old, place.path / new),
    'mode': lambda place, name: (place.path / name).chmod(0o755),
    'link': _link,
    'submodule': _submodule,
    'flatten': _folder_to_file,
    'top': _change(lambda text: text.replace(b'## 2026-01-02', _ENTRY + b'## 2026-01-02', 1)),
    'tight': _change(lambda text: text.replace(b'What this is.\n', b'What this is.\n\n## 2026-02-01 new\nnew text\n', 1)),
    'plain': _change(lambda text: text.replace(b'## 2026-01-02', b'just words\n\n## 2026-01-02', 1)),
    'above': _change(lambda text: _ENTRY + text),
    'middle': _change(lambda text: text.replace(b'## 2026-01-01', _ENTRY + b'## 2026-01-01', 1)),
    'below': _change(lambda text: text + b'\n' + _ENTRY),
    'letter': _change(lambda text: text.replace(b'\na\n', b'\nA\n').replace(b'2.9', b'2.1')),
    'swap': _change(lambda text: b'## '.join([text.split(b'## ')[index] for index in (0, 2, 1)])),
    'cut': _change(lambda text: text[:text.rstrip(b'\n').rfind(b'\n') + 1]),
    'chop': _change(lambda text: text[:-1]),
    'empty': _change(lambda text: b''),
    'row': _change(lambda text: text + b'3\t2.8\n'),
    'openrow': _change(lambda text: text + b'3\t2.8'),
    'longer': _change(lambda text: text[:-1] + b'5\n'),
    'header': _change(lambda text: text.replace(b'score', b'loss')),
    'rowbetween': _change(lambda text: text.replace(b'2\t', b'9\t1.0\n2\t')),
    'fill': _change(lambda text: text.replace(b'<!-- which files -->', b'train.txt, and no other').replace(b'Stop:\n', b'Stop: at ten\n')),
    'section': _change(lambda text: text + b'\n## 9. v1 results\n\nbetter\n'),
    'sectionbetween': _change(lambda text: text.replace(b'## 2.', b'## 9. v1 results\n\nbetter\n\n## 2.')),
    'repeat': _change(lambda text: text + b'\n## 1. Goal\n\nlower\n'),
    'fence': _change(lambda text: text.replace(b'planned\n', b'planned\n```\n')),
    'hide': _change(lambda text: text.replace(b'planned\n', b'planned\n```\n').replace(b'curves\n', b'```\n')),
    'crlf': _change(lambda text: text.replace(b'\n', b'\r\n')),
    'bom': _change(lambda text: b'\xef\xbb\xbf' + text),
    'blank': _change(lambda text: text.replace(b'\na\n', b'\na \n').replace(b'3.0\n', b'3.0 \n')),
}


def told(text: str) -> str:
    """The rules that a refusal names, sorted, 'ok' for none."""
    found = sorted(set(re.findall(r'^    rule: ([a-z-]+) \(', text, re.MULTILINE)))
    return '+'.join(found) or 'ok'


def ranged(place: Place, said: str | None = None, **environment: str) -> str:
    lab = Lab.find(place.path)
    return named(asked.span(lab, said, branch=None, environment=environment).findings())


def pushed(place: Place, branch: str) -> str:
    """What the pre-push hook says of a branch."""
    lab = Lab.find(place.path)
    local, old = (place.git('rev-parse', name).stdout.strip() for name in (branch, 'origin/main'))
    line = f'refs/heads/{branch} {local} refs/heads/{branch} {old if branch == "main" else "0" * 40}\n'
    return named(push.findings(lab, ruleset.fresh(lab), list(push.updates(line.encode(), {})), remote='origin', meta=False))


def moved(place: Place, message: str) -> str:
    """What is said of the branch that moves when the hooks of a commit are passed by."""
    return told(place.git('commit', '-q', '--no-verify', '-m', message, check=False).stderr)


def served(place: Place, branch: str) -> str:
    """What a guarded remote says of a push of HEAD by its committer; it is one for all, so what it takes is taken back."""
    home = place.path.parent
    server = _server(home.parent.parent / 'templates' / home.name.removesuffix(' läb'))
    before = server.git('rev-parse', 'refs/heads/main').stdout.strip() if branch == 'main' else ''
    who = place.git('config', 'user.email').stdout.strip()
    done = place.git('push', '-q', '--no-verify', str(server.path), f'HEAD:refs/heads/{branch}', check=False, PUSHER=who)
    if done.returncode == 0:
        server.git('update-ref', *([f'refs/heads/{branch}', before] if before else ['-d', f'refs/heads/{branch}']))
    said = told('\n'.join(line.removeprefix('remote: ').rstrip() for line in done.stderr.split('\n')))
    assert (done.returncode == 0) == (said == 'ok'), done.stderr
    return said


def _server(folder: Path) -> Place:
    """A bare repository with the trunk of a template, where pushes are judged."""
    server = Place(folder / 'server.git')
    if not server.path.exists():
        Place(folder / 'work').git('clone', '-q', '--bare', '.', str(server.path))
        server.ok('hook', 'install', '--server', '--identity', 'PUSHER')
    return server


def gated(place: Place, slug: str | None = None) -> str:
    lab = Lab.find(place.path)
    commit = place.git('rev-parse', 'HEAD').stdout.strip()
    return named(gate.commit(lab, commit, slug=slug, begun=lambda slug: staged.begun(lab, slug)))


def named(found: Any) -> str:
    return '+'.join(sorted({one.rule for one in found})) or 'ok'
