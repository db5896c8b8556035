"""Strike commands at every change that they make to a file, and count what they survive; `--short` strikes a part of them."""
from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rig import FAULTS, Fault, Place, Story, violations
from stories import STORIES

SHORT = 3  # strikes at each story by each fault


def main() -> int:
    """Run the stories; 0 when nothing was violated."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument('--short', action='store_true', help='a few strikes, spread over each command')
    said.add_argument('--story', choices=[story.name for story in STORIES], help='only this one')
    said.add_argument('--fault', choices=[fault.name for fault in FAULTS], help='only this one')
    said.add_argument('--at', type=int, help='only at this change')
    said.add_argument('--keep', action='store_true', help='leave the folder of the last violation')
    told = said.parse_args()
    compiler = shutil.which('cc') or shutil.which('gcc')
    if sys.platform != 'linux' or not compiler:
        print('no faults: this needs Linux and a C compiler')
        return 0
    folder = Path(tempfile.mkdtemp(prefix='gitexp-faults.', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None))
    shim = folder / 'shim.so'
    subprocess.run([compiler, '-shared', '-fPIC', '-O2', '-o', str(shim), str(Path(__file__).with_name('shim.c')), '-ldl'], check=True)
    survived = lost = 0
    for story in STORIES:
        if told.story in (None, story.name):
            faults = [fault for fault in FAULTS if told.fault in (None, fault.name)]
            good, bad = _tell(_place(folder / story.name, shim), story, faults, told)
            survived, lost = survived + good, lost + bad
    print(f'{survived:,} faults survived, {lost} not')
    if not (lost and told.keep):
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if lost else 0


def _tell(place: Place, story: Story, faults: list[Fault], told: argparse.Namespace) -> tuple[int, int]:
    began, good, bad = time.monotonic(), 0, 0
    for fault, at, wrong in _struck(place, story, faults, told):
        if wrong:
            print(f'{story.name}, {fault.name} at change {at}:', *wrong, sep='\n    ', flush=True)
            bad += 1
            if told.keep:
                break
        else:
            good += 1
    print(f'{story.name:<12} {good:5} faults survived, {bad} not  ({time.monotonic() - began:.0f} s)', flush=True)
    return good, bad


def _struck(place: Place, story: Story, faults: list[Fault], told: argparse.Namespace) -> Iterator[tuple[Fault, int, list[str]]]:
    story.make(place)
    place.keep()
    whole = place.struck(story.words, story.folder, faults[0], 0)
    assert whole.code == 0, f'{story.name} fails by itself: {whole.talk}'
    wrong = list(violations(place, story, whole))
    assert not wrong, f'{story.name} is wrong by itself: {wrong}'
    for fault in faults:
        for at in [told.at] if told.at else _places(whole.changes, story, fault, short=told.short):
            place.bring_back()
            outcome = place.struck(story.words, story.folder, fault, at)
            # A command that has met an error may make fewer changes than before: it was not struck, and that is no fault survived.
            if outcome.struck:
                yield fault, at, list(violations(place, story, outcome))


def _places(changes: int, story: Story, fault: Fault, *, short: bool) -> list[int]:
    """Every change; in short, some of them, others for each story and fault, and always the same."""
    every = list(range(1, changes + 1))
    return sorted(random.Random(f'{story.name} {fault.name}').sample(every, min(SHORT, changes))) if short else every


def _place(folder: Path, shim: Path) -> Place:
    home = folder / 'home'
    home.mkdir(parents=True)
    (home / '.gitconfig').write_text('[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('GIT_', 'EXP_', 'META_MODE', 'WANDB_'))}
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    return Place(folder, shim, {**kept, 'HOME': str(home), 'GIT_CONFIG_NOSYSTEM': '1', 'NO_COLOR': '1', 'PATH': path})


if __name__ == '__main__':
    sys.exit(main())
