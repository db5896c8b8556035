"""Making a lab in an empty folder: all of it, or nothing."""
from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab import adopt, draft, program, templates
from gitexp.lab.config import FILE
from gitexp.lab.draft import Answers

Files = Mapping[str, tuple[bytes, bool]]
_SCRATCH = '.gitexp-init-'
# What runs and trackers leave lying about; a repository that exists has its own view of these.
_LITTER = ('__pycache__/', '/wandb/', '/outputs/', '/logs/', '*.ckpt')


def ready_made(name: str, *, scaffold: bool = False) -> dict[str, tuple[bytes, bool]]:
    """The files of a lab that ships with the package; raises Usage for an unknown name."""
    made = templates.lab(name)
    return _complete({**(templates.files(templates.DOCUMENTS) if scaffold else {}), **made}, {})


def own(answers: Answers, prose: Mapping[str, str | None]) -> dict[str, tuple[bytes, bool]]:
    """The files of a new lab around somebody's own metric; its evaluation is yet to be written, and frozen already."""
    frozen = answers.frozen or tuple(word for word in answers.eval.split() if word.endswith(('.py', '.sh')))
    told = Answers(**{**vars(answers), 'frozen': frozen})
    text = draft.text(told, guarded=True, journals=True)
    return _complete({**templates.files(templates.DOCUMENTS), FILE: (text.encode(), False)}, prose)


def _complete(made: dict[str, tuple[bytes, bool]], prose: Mapping[str, str | None]) -> dict[str, tuple[bytes, bool]]:
    """With the lines for git, and with what is known in program.md."""
    config = draft.read(made[FILE][0])
    lines = {'.gitignore': [*draft.ignored(config.paths), *_LITTER], '.gitattributes': draft.attributes(config)}
    for path, wanted in lines.items():
        text = made.get(path, (b'', False))[0]
        there = text.decode().splitlines()
        made[path] = adopt.added(text, [line for line in wanted if line not in there]), False
    if program.FILE in made:
        made[program.FILE] = program.fill(made[program.FILE][0].decode(), config.metric, prose).encode(), False
    return made


def fits(folder: Path) -> bool:
    """Whether a folder asks for a new lab: it is absent, or empty and in no repository, or one was being made there."""
    return not os.path.lexists(folder) or _unfinished(folder) or _empty(folder) and _around(folder) is None


def make(folder: Path, made: Files, *, message: str, install: Callable[[Path], object]) -> None:
    """Make a repository of these files with one commit, and call `install` for its hooks.

    All is made beside, and moved into place at the end; a killed one is finished, or begun anew, by doing it again.
    Raises Refused when the folder is taken, or git does not know who commits.
    """
    if os.path.lexists(folder) and not _unfinished(folder) and not _empty(folder):
        raise Refused(f"'{folder}' is not an empty folder", hint='name a new one')
    if not _unfinished(folder):
        _alone(folder)
        _place(folder, made, message)
    for home in (folder, folder.parent):
        _sweep(home)
    missing = Git(folder).ask('ls-files', '--deleted', '-z').out
    if missing:
        Git(folder).ask('checkout-index', '-u', '-z', '--stdin', feed=missing)
    install(folder)
    _mark(folder).unlink()


def _empty(folder: Path) -> bool:
    return folder.is_dir() and all(name.startswith(_SCRATCH) for name in os.listdir(folder))


def _mark(folder: Path) -> Path:
    return folder / '.git' / 'exp' / 'unfinished'


def _unfinished(folder: Path) -> bool:
    return _mark(folder).is_file()


def _alone(folder: Path) -> None:
    """A repository within another one is lost to it, unless it is ignored there."""
    top = _around(folder)
    if top is not None and Git(top).run('check-ignore', '--quiet', '--', f'{folder}/').code:
        raise Refused(f"'{folder}' is inside the repository '{top}'", hint='choose a folder outside it')


def _around(folder: Path) -> Path | None:
    """The working tree that a folder, or where it would be made, is in."""
    try:
        return repository.place(next(one for one in (folder, *folder.parents) if one.is_dir())).top
    except Refused:
        return None


def _place(folder: Path, made: Files, message: str) -> None:
    empty = folder.is_dir()
    home = folder if empty else folder.parent
    home.mkdir(parents=True, exist_ok=True)
    scratch = home / f'{_SCRATCH}{os.getpid()}'
    try:
        _build(scratch, made, message)
        # A folder that is there may be somebody's current one, so it stays, and only the repository moves in.
        os.rename(scratch / '.git' if empty else scratch, folder / '.git' if empty else folder)
        files.sync_folder(home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what a killed one left."""
    for entry in home.glob(f'{_SCRATCH}*'):
        pid = entry.name.removeprefix(_SCRATCH)
        if pid.isdigit() and not files.alive(int(pid)):
            shutil.rmtree(entry, ignore_errors=True)


def _build(scratch: Path, made: Files, message: str) -> None:
    scratch.mkdir()
    git = Git(scratch)
    git.ask('init', '--quiet', '--initial-branch=main')
    _known(git)
    for path, (text, runs) in made.items():
        target = scratch / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
        if runs:
            target.chmod(target.stat().st_mode | 0o111)
    git.ask('add', '--force', '--all')
    # No hook of the user's machine has a say in what ships with the package.
    git.ask('-c', f'core.hooksPath={os.devnull}', 'commit', '--quiet', '-m', message)
    _mark(scratch).parent.mkdir()
    _mark(scratch).touch()


def _known(git: Git) -> None:
    """git must know who commits."""
    for name in ('GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT'):
        if git.run('var', name).code:
            raise Refused(
                'git does not know who you are, and the first commit needs an author',
                hint="git config --global user.name 'Your Name'; git config --global user.email you@example.org",
            )
