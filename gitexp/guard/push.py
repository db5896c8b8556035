"""The rules at a push: what the trunk there does not have yet, and names that would shadow it. The server judges likewise."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import history, repository
from gitexp.git.command import Git
from gitexp.git.notes import REF as NOTES
from gitexp.guard import departed, published
from gitexp.guard.published import Published
from gitexp.lab.config import FILE
from gitexp.lab.lab import Lab
from gitexp.rules import brought, inherited, rewritten, ruleset
from gitexp.rules.attested import Witness
from gitexp.rules.meta import Meta
from gitexp.rules.pattern import fold, is_long
from gitexp.rules.ruleset import RuleSet
from gitexp.rules.span import Span

_NOTHING = re.compile(r'0+\Z')
_HEADS = 'refs/heads/'
_TAGS = 'refs/tags/'
_WHOLE = re.compile('refs/(?:(?:tags|heads|remotes)/)?(?=refs/)')
# A remote may have any name; but archive/exp/SLUG is what many call the tag of a branch that is done.
_EXPERIMENT = re.compile('(?:origin/)?exp/')
_REMOTE = ('head', 'origin', 'origin/head')  # what clones, and a remote, call the branch that its HEAD names, folded
_COMMIT = re.compile(rf'{_HEADS}(?:[0-9a-f]{{40}}|[0-9a-f]{{64}})\Z')


class Update(NamedTuple):
    """One line of what git tells a hook; None is an object that is not there."""

    local: str | None
    ref: str
    remote: str | None


class Ground(NamedTuple):
    """What a push is judged by: `trunk` is where the trunk stands, `known` what counts as judged already, that first.

    Where the repository has all that was ever pushed (`whole`), an experiment may begin at states that the line of the trunk has had,
    and elsewhere at whatever is known. `left` takes what branches of measured experiments had that they have no more, with the commit,
    for who notes that.
    """

    git: Git
    rules: RuleSet
    trunk: str
    known: tuple[str, ...]
    witness: Witness | None
    meta: bool = False
    whole: bool = False
    left: list[tuple[str, str]] | None = None


def updates(told: bytes, environment: Mapping[str, str]) -> Iterator[Update]:
    """Read the lines that git feeds the hook; the pre-commit framework tells one in its environment instead."""
    if not told.strip() and 'PRE_COMMIT_REMOTE_BRANCH' in environment:
        # It names no commits where it has found that all of them are new.
        tip = environment.get('PRE_COMMIT_TO_REF') or environment['PRE_COMMIT_LOCAL_BRANCH']
        before = environment.get('PRE_COMMIT_FROM_REF', '0')
        yield Update(there(tip), environment['PRE_COMMIT_REMOTE_BRANCH'], there(before))
        return
    for line in lines(told):
        _, local, ref, remote = line.rsplit(' ', 3)
        yield Update(there(local), ref, there(remote))


def lines(told: bytes) -> list[str]:
    """What git tells of refs, a line each; a name may hold what Python takes for the end of one."""
    return [line for line in told.decode('utf-8', 'surrogateescape').split('\n') if line]


def refuse_twice(asked: Iterable[Update]) -> None:
    """git would move a ref once for each time that it is named, and only one of them would be judged; raises Refused."""
    twice = next((ref for ref, count in Counter(update.ref for update in asked).items() if count > 1), None)
    if twice is not None:
        raise Refused(f"the push names '{twice}' more than once", hint='name each ref once')


def there(oid: str) -> str | None:
    """An object id, None for the one that stands for nothing."""
    return None if _NOTHING.match(oid) else oid


def findings(lab: Lab, rules: RuleSet, asked: Sequence[Update], *, remote: str, meta: bool) -> list[Finding]:
    """Judge every commit that the trunk does not have; raises Refused when the remote's trunk is not known here."""
    refuse_twice(asked)
    pushed = next((one.local for one in asked if one.ref == lab.trunk_ref and one.local), None)
    known = (lab.trunk_commit, *_tracked(lab, remote), *([pushed] if pushed else []))
    witness = Witness(lab.git, rules.humans, rules.signers, Meta(meta), trunk=lab.trunk_commit)
    ground = Ground(lab.git, rules, lab.trunk_commit, known, witness)
    found = [one for update in asked if update.ref == lab.trunk_ref for one in _trunk(ground, update)]
    return list(dict.fromkeys([*found, *elsewhere(ground, [update for update in asked if update.ref != lab.trunk_ref])]))


def _trunk(ground: Ground, update: Update) -> Iterable[Finding]:
    if update.local is None or update.remote is None:
        # The first push makes the lab there; the rules bind from then on.
        return [] if update.local else [deleted(ground.rules.trunk)]
    if repository.objects(ground.git, [update.remote]) == [None]:
        missing = f"the remote's '{ground.rules.trunk}' has commits that are not here"
        raise Refused(missing, hint='git fetch, rebase or merge, and push again')
    blob, = repository.objects(ground.git, [f'{update.remote}:{FILE}'])
    if blob is None:
        return []  # What is pushed makes a lab of it.
    return advanced(ground._replace(rules=ruleset.read(ground.git, blob)), update.remote, update.local)


def deleted(trunk: str) -> Finding:
    return Finding('trunk', trunk, 'deleted: results and rules live on it', way='push without deleting it')


def advanced(ground: Ground, old: str, new: str) -> list[Finding]:
    """Judge the published trunk moving on: every commit, and then the two ends."""
    if not history.is_ancestor(ground.git, old, new):
        return [Finding('trunk', ground.rules.trunk, 'rewritten: what is published would be lost', way='git fetch, then rebase or merge')]
    was = published.read(ground.git) if ground.whole else Published()
    span = Span(
        ground.git, ground.rules, new, (old,), ground.rules.trunk, old, ground.meta, ground.witness, beside=was.beside, tips=was.tips,
        way=was.way,
    )
    noted = departed.last(ground.git) if ground.whole else {}
    arriving = inherited.moved(span) or span.findings() or rewritten.arriving(span, whole=ground.whole, noted=noted)
    return arriving or rewritten.passing(span, whole=ground.whole) or inherited.direct(span, was.beside if ground.whole else None)


def elsewhere(ground: Ground, asked: Sequence[Update]) -> list[Finding]:
    """Judge what comes under other names: a tag, or a name of any kind, brings commits like a branch does. Notes have no rules."""
    made = [update for update in asked if update.local]
    wrong = {update.ref: why for update in made if (why := _shadowing(ground.rules.trunk, update.ref))}
    judged = [update for update in made if update.ref not in wrong and not update.ref.startswith('refs/notes/')]
    named = [Finding('name', ref, why, way='push it under another name') for ref, why in wrong.items()]
    tips = repository.objects(ground.git, [f'{update.local}^{{commit}}' for update in judged])
    pushed = [(update, tip) for update, tip in zip(judged, tips) if tip]
    # A trunk that comes along may make of where the trunk was before what a merge has brought.
    noted = published.read(ground.git) if ground.whole else Published()
    was = (*ground.known, *noted.beside) if ground.whole else ()
    like = Span(
        ground.git, ground.rules, '', ground.known, None, ground.trunk, ground.meta, ground.witness, beside=was, tips=noted.tips,
        way=noted.way,
    )
    spans = brought.spans(like, [(_branch(update.ref), tip) for update, tip in pushed])
    found = [one for span in spans for one in span.findings() or rewritten.beside(span)]
    each = [like._replace(tip=tip, branch=_branch(update.ref)) for update, tip in pushed]
    if any(span.picks.seen or span.opened or span.written or span.anew for span in spans):
        # One that another one goes on from may have kept what that one has put right, and a person has put something only where it is.
        found += [one for span in each for one in span.findings() or rewritten.beside(span)]
    slug = ground.rules.slug
    ours = [(span, update) for span, (update, _) in zip(each, pushed) if slug(span.branch)]
    left = departed.last(ground.git) if ours and ground.whole else {}
    lost = [
        one for span, update in ours if ground.whole or not _is_asked_for(span, update)
        for one in rewritten.findings(span, slug(span.branch), old=_was(span, update, left), whole=ground.whole)
    ]
    if ground.left is not None:
        emptied = [(str(span.branch), update.remote) for span, update in ours if update.remote and update.remote in span.emptied]
        ground.left.extend([*_deleted(like, asked), *emptied])
    if found or not ground.whole:
        return [*named, *found, *lost]
    new = [span for span in spans if slug(span.branch)]
    asked_whole = ours if inherited.begins_elsewhere(ground.git, ground.trunk, new, [span.tip for span, _ in ours]) else []
    return [*named, *lost, *(one for span, _ in asked_whole for one in inherited.findings(span, beside=was[1:]))]


def _is_asked_for(span: Span, update: Update) -> bool:
    """Whether it is a commit that was measured, for which a server asks where it has none of them."""
    return update.remote is None and span.tip in span.rows(span.trunk, span.rules.slug(span.branch))


def _was(span: Span, update: Update, noted: Mapping[str, str]) -> str | None:
    """Where a branch was when it last had anything that a rule keeps, as far as that is known."""
    last = noted.get(str(span.branch))
    return last if last and not (update.remote and rewritten.stays(span, span.rules.slug(span.branch), update.remote)) else update.remote


def _deleted(like: Span, asked: Iterable[Update]) -> Iterator[tuple[str, str]]:
    """The branches of measured experiments that are deleted, with what they had."""
    for update in asked:
        branch = _branch(update.ref)
        slug = '' if update.local else like.rules.slug(branch)
        if slug and like.rows(like.trunk, slug):
            tips = repository.objects(like.git, [f'{update.remote}^{{commit}}'])
            yield from ((str(branch), tip) for tip in tips if tip and rewritten.stays(like, slug, tip))


def branches(asked: Iterable[Update], trunk: str) -> list[tuple[str, str]]:
    """The branches but for the trunk that are made or moved, with their tips."""
    named = [(_branch(update.ref), update.local) for update in asked]
    return [(branch, tip) for branch, tip in named if branch and tip and branch != trunk]


def _branch(ref: str) -> str | None:
    return ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else None


def _shadowing(trunk: str, ref: str) -> str | None:
    """Why a name must not exist: it would be taken for another one."""
    if ref.startswith('refs/replace/'):
        return 'a replacement would hide what a commit holds'
    if is_long(ref):
        return 'a ref of that length has no place on any file system'
    name = fold(ref)
    if name == 'refs/notes' or name.startswith(f'{NOTES}/'):
        return f'a ref of that name leaves no room for {NOTES}'
    # git looks for a short name in refs/ and among the tags before it looks among the branches.
    kind, short = ('a tag', name.removeprefix(_TAGS)) if name.startswith(_TAGS) else ('a ref', name.removeprefix('refs/'))
    if short in (fold(trunk), f'origin/{fold(trunk)}', *_REMOTE) or _EXPERIMENT.match(short):
        return f"{kind} of that name would be taken for the branch '{short if 'exp/' in short else trunk}'"
    if meant := _WHOLE.match(name):  # A push by the full name of a ref would match both.
        return f"{kind} of that name would be taken for '{name[meant.end():]}'"
    if name.startswith(f'{_HEADS}exp/') and not ref.startswith(f'{_HEADS}exp/'):
        return f"a branch of that name would be taken for '{name.removeprefix(_HEADS)}'"
    if _COMMIT.match(name):
        return 'a branch of that name would be taken for a commit'
    if name == f'{_HEADS}exp':
        return 'a branch of that name leaves no room for those of experiments'
    if ruleset.is_nested(name.removeprefix(_HEADS)):
        return "a slug has no '/': its folder would be in that of another experiment"
    for other in ('HEAD', trunk):
        if name == fold(f'{_HEADS}{other}'):
            return f"a branch of that name would be taken for '{other}'"
    return None


def _tracked(lab: Lab, remote: str) -> list[str]:
    """What was last seen of the remote's trunk."""
    found = repository.objects(lab.git, [f'refs/remotes/{remote}/{lab.trunk}']) if remote else []
    return [oid for oid in found if oid]
