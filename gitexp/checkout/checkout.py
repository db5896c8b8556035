"""The pristine checkout that evaluations run in: kept for speed, brought to exactly one commit, healed by itself."""
from __future__ import annotations

import os
from pathlib import Path

from gitexp.checkout import attributes, conversion, index, twins
from gitexp.checkout.index import Index
from gitexp.core import files, locks, modes
from gitexp.core.errors import Failure, Refused
from gitexp.git import worktrees
from gitexp.git.command import Done, Git
from gitexp.lab.lab import Lab

NAME = 'exp-checkout'
# No hook, no setting of the user's and no sparse view has a say in what is measured, and git looks at every file itself.
_PLAIN = tuple(word for setting in (
    f'core.hooksPath={os.devnull}', 'core.autocrlf=false', 'core.eol=lf', 'core.symlinks=true', 'core.fileMode=true',
    'core.trustctime=true', 'core.checkStat=default', 'core.sparseCheckout=false', 'core.splitIndex=false', 'core.fsmonitor=false',
    'submodule.recurse=false', f'core.attributesFile={os.devnull}', 'attr.tree=', 'core.ignoreCase=false', 'core.precomposeUnicode=false',
) for word in ('-c', setting))
_DEEPEST = 100
_ENVIRONMENT = {'GIT_ATTR_NOSYSTEM': '1', conversion.NOTHING: '', **index.VERSION}


def place(lab: Lab) -> Path:
    """Where the checkout is, whether it is there or not."""
    return lab.state / NAME


def bring(lab: Lab, commit: str) -> Path:
    """Bring the checkout to exactly a commit, without a file more; returns its folder.

    Raises Refused with git's words when that cannot be done, as on a full disk, and for what would bend it unseen; Integrity for
    what git-lfs should not have written.
    """
    conversion.refuse_private(lab.common)
    folder = place(lab)
    if not _is_ours(lab, folder) or _reset(lab, folder, commit).code:
        _make(lab, folder, commit)
        done = _reset(lab, folder, commit)
        if done.code:
            raise Refused(f"cannot check out {commit[:10]} in '{folder}': {done.err.strip()}")
    own = kept(lab)
    if own and own.keep():
        _empty_submodules(folder)
    return folder


def kept(lab: Lab) -> Index | None:
    """What git keeps about the checkout, None where there is nothing.

    Never by what the checkout itself says: a run can write there, and name the index of somebody else.
    """
    usual, there = lab.common / 'worktrees' / NAME, place(lab)
    folder = usual if _names(usual, there) else next((folder for folder in _known(lab) if _names(folder, there)), None)
    return Index(folder / 'index', lab.state / f'{NAME}.index', conversion.state(lab)) if folder else None


def renew(lab: Lab) -> None:
    """Have the next checkout made anew: who is left of a run may write to the folder that it knows, and to no other."""
    old = place(lab).with_name(f'{NAME}.left')
    try:
        if old.exists():
            modes.remove(old)
        os.rename(place(lab), old)
        modes.remove(old)
    except OSError:
        pass  # There is none, or somebody still writes there: it goes the next time.


def git(lab: Lab) -> Git:
    """git in the checkout."""
    return Git(place(lab))


def _reset(lab: Lab, folder: Path, commit: str, texts: list[bytes] | None = None) -> Done:
    """Cleaned first: where a folder was moved away and a link leads to it, git takes the files behind the link for its own.

    `texts` are the commit's attributes where they are known. git leaves a file as it is that both commits have, even if their
    attributes would have it written otherwise: then, and where they name a filter that was not silenced, all is written anew.
    """
    git, own = Git(folder), kept(lab)
    if not own:
        return Done(1, b'', 'git has lost what it keeps about it')
    if own.distrust():
        _empty_submodules(folder)
    if not _remove_odd(folder):
        return Done(1, b'', 'a run has left a folder there that cannot be looked into')
    before = own.attributes() if own.path.exists() else None
    known = attributes.read(git, own, digits=len(commit)) if texts is None else texts
    through, named = conversion.drivers(lab, git), conversion.filters(lab.common, known)
    options = (*_PLAIN, *conversion.blind(lab, named, through))
    done = git.run(*options, 'clean', '-ffdxq', env=_ENVIRONMENT)
    if done.code:
        return done
    done = git.run(*options, 'checkout', '--quiet', '--detach', '--force', '--no-recurse-submodules', commit, env=_ENVIRONMENT)
    if done.code:
        return done
    now = own.attributes()
    if now != before:
        known = attributes.read(git, own, digits=len(commit))
    if before not in (None, now) or not conversion.filters(lab.common, known) <= named:
        own.path.unlink(missing_ok=True)
        return _reset(lab, folder, commit, known)
    _require(lab, git, known, through)
    return done


def _require(lab: Lab, git: Git, texts: list[bytes], through: list[str]) -> None:
    """That the files are the commit's, whatever has written them."""
    if twins.possible(git.folder):
        twins.refuse(git)
    conversion.refuse_private(lab.common, texts)
    if through := sorted(conversion.filters(lab.common, texts).intersection(through)):
        from gitexp.checkout import pointers
        pointers.require(lab, git, through, _PLAIN, _ENVIRONMENT)


def _empty_submodules(folder: Path) -> None:
    """git makes a folder for a submodule and never looks into it again. A link in the way leads to what is not ours."""
    for line in Git(folder).ask('ls-files', '-z', '--stage').names:
        head, _, path = line.partition('\t')
        if head.startswith('160000 ') and os.path.realpath(folder / path) == os.path.join(os.path.realpath(folder), path):
            modes.remove(folder / path)
            (folder / path).mkdir()


def _remove_odd(folder: Path) -> bool:
    """What git leaves where it is: pipes, sockets and devices, of which it waits for a pipe called .gitattributes, and a .git below.

    Whether every folder could be looked into: in one of the commit's that cannot be listed git leaves what else lies there. With
    folders as deep as no project has them git takes minutes.
    """
    top = str(folder)
    folders = [top]
    while folders:
        inside = folders.pop()
        if inside.count(os.sep) - top.count(os.sep) > _DEEPEST:
            return False
        try:
            with os.scandir(inside) as entries:
                for one in entries:
                    if one.name.lower() == '.git' and inside != top:
                        modes.remove(Path(one.path))
                    elif one.is_dir(follow_symlinks=False):
                        folders.append(one.path)
                    elif not one.is_file(follow_symlinks=False) and not one.is_symlink():
                        os.unlink(one.path)
        except OSError:
            return False
    return True


def _is_ours(lab: Lab, folder: Path) -> bool:
    """Whether the folder and what git keeps about it name each other, so that no other worktree can be meant."""
    link = folder / '.git'
    try:
        known = Path(os.path.realpath(folder / os.fsdecode(files.read(link)).removeprefix('gitdir: ').rstrip('\n')))
        back = known / os.fsdecode(files.read(known / 'gitdir')).rstrip('\n')
    except (OSError, ValueError):
        return False
    return (
        not link.is_symlink() and not folder.is_symlink() and known.parent == Path(os.path.realpath(lab.common / 'worktrees'))
        and os.path.realpath(back) == os.path.realpath(link)
    )


def _make(lab: Lab, folder: Path, commit: str) -> None:
    try:
        modes.remove(folder)
        for kept in _known(lab):
            if _names(kept, folder) is not False:
                modes.remove(kept)
    except OSError as error:
        says = f"cannot remove '{error.filename}', which a run has left: {error.strerror}"
        raise Refused(says, hint='remove it by hand; lsattr and findmnt may say what holds it') from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    add = ('worktree', 'add', '--detach', '--force', '--force', '--no-checkout', str(folder), commit)
    try:
        with locks.held(lab.state / 'locks' / 'worktrees', purpose='making the checkout of evaluations'):
            worktrees.patient(Git(lab.common), *_PLAIN, *add)
    except Failure as error:
        raise Refused(f'cannot make a checkout for the evaluation: {error.message}') from None


def _known(lab: Lab) -> list[Path]:
    """Where git may keep what is about our checkout."""
    return sorted((lab.common / 'worktrees').glob(f'{NAME}*'))


def _names(kept: Path, folder: Path) -> bool | None:
    """Whether it is about our checkout, None for what was never finished."""
    try:
        named = kept / os.fsdecode(files.read(kept / 'gitdir')).rstrip('\n')
    except (OSError, ValueError):
        return None
    return named.parent == folder or os.path.realpath(named.parent) == os.path.realpath(folder)
