"""What a user would run instead, where it is installed."""
from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import places
from clock import cost, median

PRE_COMMIT = """\
repos:
  - repo: local
    hooks: [{id: trivial, name: trivial, entry: 'true', language: system, pass_filenames: false}]
"""
LEFTHOOK = "pre-commit:\n  commands:\n    trivial:\n      run: 'true'\n"
DVC = 'stages:\n  eval:\n    cmd: echo "score: 1" > score.yaml\n    deps: [eval.py]\n    metrics: [{score.yaml: {cache: false}}]\n'
MLFLOW = """\
import mlflow
mlflow.set_tracking_uri('sqlite:///runs.db')
with mlflow.start_run():
    mlflow.log_metric('score', 1.0)
"""
SACRED = """\
from sacred import Experiment
from sacred.observers import FileStorageObserver
ex = Experiment('bench', save_git_info=False)
ex.observers.append(FileStorageObserver('runs'))
@ex.main
def main():
    return 1.0
ex.run()
"""


def hooks(folder: Path, times: int) -> dict[str, float]:
    """CPU in ms of one commit under each framework with one trivial hook."""
    found = {}
    for name, file, text, install in (
        ('pre-commit', '.pre-commit-config.yaml', PRE_COMMIT, ['pre-commit', 'install']),
        ('lefthook', 'lefthook.yml', LEFTHOOK, ['lefthook', 'install']),
    ):
        if shutil.which(name):
            (folder / file).write_text(text)
            places.git(folder, 'add', file)
            places.git(folder, 'commit', '-qm', name)
            cost(install, folder)
            commit = ['git', 'commit', '-q', '--allow-empty', '-m', 'x']
            found[name] = median([cost(commit, folder).cpu for _ in range(times)])
            cost([name, 'uninstall'], folder)
    return found


def trackers(folder: Path, times: int) -> dict[str, float]:
    """CPU in ms of recording one trivial result."""
    found = {}
    for name, script in (('mlflow', MLFLOW), ('sacred', SACRED)):
        if importlib.util.find_spec(name):
            (folder / f'{name}_run.py').write_text(script)
            words = [sys.executable, f'{name}_run.py']
            found[name] = median([cost(words, folder).cpu for _ in range(times + 1)][1:])
    if shutil.which('dvc'):
        cost(['dvc', 'init', '-q'], folder)
        (folder / 'dvc.yaml').write_text(DVC)
        places.git(folder, 'add', '-A')
        places.git(folder, 'commit', '-qm', 'dvc')
        found['dvc exp run'] = median([cost(['dvc', 'exp', 'run', '-q', '-f'], folder).cpu for _ in range(times)])
    return found
