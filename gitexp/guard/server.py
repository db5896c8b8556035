"""The rules where pushes arrive: those of the trunk before the push, for all that the trunk does not reach yet.

Only the old trunk is trusted, whatever other refs there are, so that to park a commit under another name first gains nothing.
Beside what a client asks for, the trunk there must stay one that can be judged.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from gitexp.core.errors import Refused, Usage
from gitexp.core.finding import Finding
from gitexp.git import extent, history, repository
from gitexp.git.command import Git
from gitexp.git.history import Commit
from gitexp.git.notes import REF as NOTES
from gitexp.guard import departed, judged, published, push, vouched
from gitexp.guard.push import Ground, Update
from gitexp.lab import config as configuration
from gitexp.lab import parse
from gitexp.lab.config import FILE, KINDS
from gitexp.rules import ruleset
from gitexp.rules.attested import Witness
from gitexp.rules.ruleset import RuleSet

_MOST = 1_000_000  # paths: to judge them takes about a minute and 1 GB.
_MOST_ROWS = 4_000_000  # A path each; a machine of 8 GB can still list them.
_HEADS = 'refs/heads/'
_NOTES = 'refs/notes/'
_LARGEST = 1 << 18  # bytes of gitexp.yaml
_MANY = 1000  # More names than are told to git one by one.


def findings(git: Git, trunk: str, asked: Sequence[Update], *, pusher: str | None) -> list[Finding]:
    """Judge a push as a whole; raises Refused or Usage for what cannot be judged. `pusher` is as in attested.Witness."""
    push.refuse_twice(asked)
    ref, seen = f'refs/heads/{trunk}', departed.last(git)
    old, blob = repository.objects(git, [ref, f'{ref}:{FILE}'])
    found = [*_elsewhere(git, asked), *_shared(git, asked)]
    mine = [update for update in asked if update.ref == ref]
    new = mine[0].local if mine else None
    if mine and mine[0].remote != old:  # It is held against what we judge by, and git holds it against what is there in the end.
        return [_moved(mine[0])]
    if old is not None and mine and new is None:
        return [push.deleted(trunk)]
    if new is not None:
        _readable(git, trunk, new, was=blob)
    if old is None or blob is None:  # A lab begins with a push that brings rules; until then there are none, and nothing goes past that.
        if old is not None and new is None:
            raise Refused(f"'{trunk}' has no {FILE}, so that no rules can be read", hint=f'push a {trunk} that has one: git exp init')
        judged.keep(git, asked, (old, new or old), seen)
        return found
    extent.refuse_more(git, _whole(git, asked, old), _MOST)
    extent.refuse_more(git, _noted(asked), _MOST_ROWS)
    rules = read(git, blob, trunk)
    taken = vouched.taken(git) if pusher is not None and not rules.signers else frozenset()
    witness = Witness(git, rules.humans, rules.signers, pusher=pusher, trunk=old, taken=taken)
    rest = [update for update in asked if update.ref != ref]
    ground = alone = Ground(git, rules, old, (old,), witness, whole=True)
    if new:
        found += push.advanced(alone, old, new)
        ground = alone._replace(trunk=new, known=(new, old))
    left: list[tuple[str, str]] = []
    found += push.elsewhere(ground._replace(left=left), rest)
    # git may leave out a trunk that comes along, and what was judged by that comes after it.
    after = _after(alone, rest) if new and not found else frozenset()
    if new and not found:
        published.keep(git, old, new)
    if not found:
        vouched.keep(witness, push.branches(asked, trunk))
        gone = dict(left)
        now = departed.keep(git, gone.items(), seen=seen)
        found = [_moved(update) for update in asked if _departed(update, now) not in (_departed(update, seen), _departed(update, gone))]
        if not judged.keep(git, asked, (old, new or old), now, after) and after:
            raise Refused(f"an experiment takes what only the new '{trunk}' has, which git may leave out", hint=f'push {trunk} first')
    return list(dict.fromkeys(found))


def read(git: Git, blob: str, trunk: str) -> RuleSet:
    """The rules of a gitexp.yaml, read without the schema, since nothing that has to be installed is needed here."""
    if repository.sizes(git, [blob])[0] > _LARGEST:
        raise Usage(f'{FILE} is larger than {_LARGEST >> 10} KiB', hint='make it shorter')
    text = repository.blob(git, blob)
    try:
        said = parse.again(text)
        strange = [*(set(said) - set(parse.schema()['properties'])), *(set(said.get('rules', {})) - set(KINDS))]
        rules = ruleset.of(configuration.of(said), text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Usage(f'{FILE} cannot be read: {type(error).__name__}: {error}', hint='git exp doctor, in a clone') from None
    if strange:
        raise Usage(f"{FILE}: '{sorted(strange)[0]}' is not known here", hint='git exp doctor, in a clone; or a newer gitexp on the server')
    if rules.trunk != trunk:
        raise Usage(f"{FILE} says that the trunk is '{rules.trunk}', and '{trunk}' is guarded here",
                    hint=f'git exp hook install --server --trunk {rules.trunk}')
    return rules


def _readable(git: Git, trunk: str, new: str, *, was: str | None) -> None:
    """Whatever is allowed to change gitexp.yaml leaves one that the next push can be judged by."""
    blob, = repository.objects(git, [f'{new}:{FILE}'])
    if blob is None:
        raise Refused(f"'{trunk}' would have no {FILE}, and rules are read from there", hint='git exp init, commit, and push again')
    if blob != was:
        read(git, blob, trunk)


def _whole(git: Git, asked: Sequence[Update], old: str) -> list[Commit]:
    """The commits that the trunk does not have, but for notes, which have no rules.

    What a shallow clone sends may lack some, so that nobody can say what the rest change.
    """
    made = [update for update in asked if update.local]
    tips = dict(zip(made, repository.objects(git, [f'{update.local}^{{commit}}' for update in made])))
    if odd := next((one.ref for one, tip in tips.items() if one.ref.startswith((_HEADS, _NOTES)) and tip != one.local), None):
        raise Refused(f"'{odd}' would hold what is no commit", hint='push the commit that a tag names: git push REMOTE TAG^{commit}:BRANCH')
    try:
        return history.new(git, [tip for one, tip in tips.items() if tip and not one.ref.startswith(_NOTES)], [old])
    except Refused:
        hint = 'git fetch --unshallow, and push again'
        raise Refused('the history of what is pushed is cut off, as in a shallow clone', hint=hint) from None


def _noted(asked: Iterable[Update]) -> list[Commit]:
    """What notes become, each as one step: whoever fetches them reads them as a whole."""
    made = [one for one in asked if one.local and one.ref.startswith(_NOTES)]
    return [Commit(one.local or '', (one.remote,) if one.remote else ()) for one in made]


def _elsewhere(git: Git, asked: Sequence[Update]) -> list[Finding]:
    """A name that stands for another one would move that one unseen; one that is not where the push says is left out by git.

    The rest would go on without it, and it may be the trunk that the rest counts on; and it may be there once we have looked. Where
    there is no rest, of notes and the like git says so itself, and who brings them tries again.
    """
    refs = [update.ref for update in asked]
    some = refs if len(refs) < _MANY else ()
    lines = git.ask('for-each-ref', '--format=%(objectname) %(refname) %(symref)', '--', *some).text.split('\n') if refs else []
    told = {words[1]: words for words in (line.split(' ') for line in lines if line)}
    here = [(update, told.get(update.ref, [None, '', ''])) for update in asked]
    return [
        *(Finding('name', one.ref, f"it stands for '{said[2]}' here", way=f'push to {said[2]}') for one, said in here if said[2]),
        # Where a push does not say where a ref was, git deletes it wherever it is by then.
        *(Finding('moved', one.ref, 'is not there, and cannot be deleted', way='leave it out')
          for one in asked if not (one.local or one.remote)),
        *(_moved(one) for one, said in here if not said[2] and said[0] != one.remote and (len(asked) > 1 or one.ref.startswith(_HEADS))),
    ]


def _shared(git: Git, asked: Iterable[Update]) -> list[Finding]:
    """What everybody has noted is only ever added to."""
    mine = [one for one in asked if one.ref == NOTES and one.remote]
    tips = repository.objects(git, [f'{one.remote}^{{commit}}' for one in mine])
    gone = [one for one, tip in zip(mine, tips) if tip and not (one.local and history.is_ancestor(git, tip, one.local))]
    return [Finding('notes', one.ref, 'rewritten: rows of others would be lost' if one.local else 'deleted: all rows are noted there',
                    way='git exp sync adds to it') for one in gone]


def _after(ground: Ground, asked: Sequence[Update]) -> Set[Update]:
    """The branches of experiments that would be refused as yet."""
    ours = judged.moving(asked)
    if not push.elsewhere(ground, ours):
        return frozenset()
    return frozenset(update for update in ours if len(ours) == 1 or push.elsewhere(ground, [update]))


def _departed(update: Update, last: Mapping[str, str]) -> str | None:
    return last.get(update.ref.removeprefix(_HEADS))


def _moved(update: Update) -> Finding:
    return Finding('moved', update.ref, 'is not where the push says that it is', way='git fetch, and push again')
