"""What a refusal says: what happened to a path, and the way back."""
from __future__ import annotations

from posixpath import splitext

from gitexp.lab.config import APPENDS
from gitexp.rules.change import Change, Entry
from gitexp.rules.pattern import Pattern, fold

PEOPLE = 'ask a person for meta mode'
ASIDE = f'commit on a branch of its own: git switch -c NAME; or {PEOPLE}'
REQUEST = f'a pull request brings it; or {PEOPLE}'
UNDO = 'git restore --staged --worktree {path}'
_UNSTAGE = 'git restore --staged {path}; put back what git diff shows as gone'
_JOINED = (*APPENDS, 'sections')
_FORMS = {'120000': 'a symbolic link', '160000': 'a submodule'}


def what(old: Entry | None, new: Entry | None) -> str:
    """What happened to a path."""
    if new is None:
        return 'deleted or renamed away'
    if old is None:
        return 'added' if new.is_file else f'added as {form(new)}'
    if form(old) != form(new):
        return f'replaced by {form(new)}'
    if old == new:
        return 'left as it was, and not as the merge brings it'
    if old.oid == new.oid:
        return f'its mode is changed from {old.mode} to {new.mode}'
    return 'changed'


def form(entry: Entry) -> str:
    return _FORMS.get(entry.mode, 'a file')


def spelling(named: Pattern, change: Change) -> str:
    """Names that some file systems take for one and the same; '' for the name itself."""
    if not named.is_literal or not any(old is None for old in change.olds) or fold(change.path) != named.text or change.path == named.said:
        return ''
    return f" as another spelling of '{named.said}'"


def displaced(named: Pattern) -> str:
    """What is wrong with a path that makes a folder of a document."""
    return f"added in a folder of the name of '{named.said}', which is a plain file"


def beside(path: str, name: str, other: str) -> str:
    """What is wrong with a path, itself or by a folder that it is in."""
    added = 'added as' if name == path else f"added in '{name}',"
    return f"{added} another spelling of '{other}', which some file systems take for the same"


def way(kind: str, *, trunk: str, back: str, is_past: bool) -> str:
    """What to do about a broken rule; `back` takes the change back, '' when nothing has happened yet. `is_past`: it is committed."""
    then = {
        'frozen': PEOPLE, 'protocol': PEOPLE,
        'global': f"change it in the worktree of '{trunk}'{own(trunk) if is_past else ''}",
        'append-top': 'put a new entry above the first one',
        'append-bottom': 'add lines at the end',
        'sections': 'put a new section below the last one',
        'keep': 'what is kept stays as evidence; make a new file',
        'links-only': "link to it instead: ln -s TARGET NAME",
        'human': 'a person changes it',
        'input': 'what is an input comes from the lab, and not from the experiment',
        'fixed': 'what is fixed changes on the trunk, for all experiments',
    }[kind]
    joint = {'frozen': '; or ', 'protocol': '; or ', 'append-top': '; then ', 'append-bottom': '; then ', 'sections': '; then '}
    return joined(back, then, joint.get(kind, '; '))


def squashed(trunk: str) -> str:
    """What else may be the matter with what is put between: as one commit the merge of a branch that has pulled looks like this."""
    return f'; a branch that has pulled is merged without --squash, or after git rebase {trunk} on it'


def namesake(path: str, *, side: str) -> str:
    """How what the other side of a merge has is kept as well."""
    name, ending = splitext(path)
    return f" for what the other side has: git show {side}:{word(path)} > {word(f'{name}-2{ending}')}"


def own(trunk: str) -> str:
    """What else may be the matter with what is committed: nobody has pushed the trunk that it comes from."""
    return f"; if the commit is one of '{trunk}', push that first"


def joined(back: str, then: str, joint: str = '; ') -> str:
    return f'{back}{joint}{then}' if back else then


def undo(template: str, change: Change, kind: str) -> str:
    """The command that takes a change back; a template of its own where it is not only staged.

    What grows is only unstaged: the file may hold more than was staged, and lines that nobody else has.
    """
    path = word(change.path)
    if template == UNDO and all(old is None for old in change.olds):
        return f'git rm --cached {path}'
    if template == UNDO and change.olds[0] is None:
        return f'git checkout MERGE_HEAD -- {path}'
    return (_UNSTAGE if template == UNDO and kind in _JOINED and change.new else template).format(path=path)


def word(path: str) -> str:
    """A path for the shell, on one line whatever its name has."""
    if path.isprintable():
        import shlex  # Only what is refused is worded.
        return shlex.quote(path)
    data = path.encode('utf-8', 'surrogateescape')
    return "$'" + ''.join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f'\\{byte:03o}' for byte in data) + "'"
