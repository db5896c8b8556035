"""Labs that share their results: rows without runs, clones, and what is in the notes."""
from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from place import Place

from gitexp.lab.lab import Lab
from gitexp.ledger import notes, write
from gitexp.ledger.result import Kind, Result

REF = 'refs/notes/exp'


def row(name: str, **said: Any) -> Result:
    """A row; whatever is not said is as in any other."""
    plain = {
        'time': '2026-01-01T00:00:00+00:00', 'experiment': 'wide', 'kind': Kind.EVAL, 'tree': 'tree', 'eval_id': 'eval',
        'value': 1.5, 'seed': 1,
    }
    return Result(id=name, **{**plain, **said})


def measure(place: Place, *names: str, noted: bool = True, **said: Any) -> list[Result]:
    """Rows of the commit that is checked out, in the ledger and in the notes, as after an evaluation."""
    lab = Lab.find(place.path)
    commit = place.git('rev-parse', 'HEAD').stdout.strip()
    rows = [row(name, **{'commit': commit, 'env': {'host': 'a', 'cuda': '12.4'}, 'seconds': 2.5, **said}) for name in names]
    write.append(lab, rows)
    if noted:
        assert notes.add(lab, rows) is None
    return rows


def ledger(place: Place) -> list[str]:
    """The ids in the ledger, in their order."""
    path = place.path / 'results.tsv'
    return [line.split('\t')[0] for line in path.read_text().splitlines()[1:]] if path.exists() else []


def log(place: Place, *words: str) -> list[str]:
    """The lines that git log shows with the commits."""
    shown = place.git('log', '--notes=exp', '--format=%N', *words).stdout
    return [line for line in shown.splitlines() if line]


def server(place: Place, name: str = 'server.git') -> Place:
    """A bare repository that a lab calls origin."""
    place.git('clone', '-q', '--bare', '.', f'../{name}')
    place.git('remote', 'add', 'origin', f'../{name}')
    return place.at(f'../{name}')


def clone(bare: Place, name: str) -> Place:
    bare.git('clone', '-q', '.', f'../{name}')
    made = bare.at(f'../{name}')
    made.git('config', 'gitexp.hooks', 'removed')
    return made


def tip(place: Place) -> str:
    return place.git('rev-parse', '--verify', '--quiet', REF, check=False).stdout.strip()


def paths(place: Place) -> list[str]:
    return place.git('ls-tree', '-r', '--name-only', '--full-tree', REF).stdout.split()


def plant(place: Place, path: str, text: str) -> None:
    """Put a file into the notes with plumbing, as somebody would who forges."""
    feed = f'commit {REF}\ncommitter Eve <eve@example.org> now\ndata 4\neve\n\nfrom {REF}^0\nM 100644 inline "{path}"\n'
    said = feed.encode() + b'data %d\n%s\n' % (len(text.encode()), text.encode())
    subprocess.run(['git', 'fast-import', '--quiet', '--date-format=now'], cwd=place.path, input=said, check=True)


def forge(eve: Place, place: Place, name: str) -> None:
    """Plant four rows under the id of a true one; whatever their hashes are, one of them comes before it."""
    true, = (line for line in (place.path / 'results.tsv').read_text().splitlines() if line.startswith(f'{name}\t'))
    for value in ('0.1', '0.2', '0.3', '0.4'):
        forged = true.replace('\t1.5\t', f'\t{value}\t') + '\n'
        oid = subprocess.run(['git', 'hash-object', '--stdin'], input=forged, text=True, capture_output=True, check=True).stdout
        plant(eve, f'rows/{oid[:2]}/{name}-{oid[2:10]}', forged)


def row_path(place: Place, name: str) -> Path:
    [found] = [path for path in paths(place) if path.startswith('rows/') and f'/{name}-' in path]
    return Path(found)
