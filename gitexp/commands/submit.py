"""git exp submit"""
from __future__ import annotations

from gitexp.commands import here, options, out
from gitexp.commands.declare import command, option
from gitexp.experiment import place
from gitexp.ledger import read
from gitexp.submit import submit as handing


@command(
    options.slug,
    option('--remote', metavar='NAME', default='origin', completes=options.remotes,
           help='Where to push: a remote, a path or a URL. Default: origin.'),
    options.as_json,
)
def submit(slug: str | None, remote: str, as_json: bool) -> int:
    """Push an experiment, and write the request to merge it if it is better than the best.

    Without SLUG, the experiment whose worktree this is. Nothing is ever merged or forced; run again, it brings the remote
    and the text up to date. What would merge must be what was measured: documents of the experiment may have changed since, and
    on the trunk what is frozen, fixed or only appended to and the folders of other experiments, nothing else. It has to be
    better than the best of the others, and than the trunk as it is: one whose code has changed since it was measured, as by
    hand or by two merges, needs a baseline first, and one that is behind its remote's has to be pulled. Exit code 1 when it is
    pushed and is not better, brings nothing that is measured, or cannot be judged yet.
    """
    lab = here.lab(afresh=True)
    which = here.experiment(lab, slug)
    done = handing.submit(lab, which, read.read(lab), remote=remote)
    no = handing.why_not(lab, which, done)
    if done.uncommitted:
        out.talk(f"what is not committed is left out: {done.uncommitted} file{'' if done.uncommitted == 1 else 's'} in '{which.root}'")
    if as_json:
        out.data(done.as_json())
        return no.code if no else 0
    out.talk(f"exp/{done.slug} {'pushed to' if done.pushed else 'is up to date on'} '{remote}'")
    if no:
        raise no
    if done.request:
        out.answer(f'{done.request.text}\nwritten to {done.request.path}')
    if done.asked and not done.asked.plots:
        drawing = f'{which.folder}/results/viz/runs.png'
        way = '' if which.root.is_dir() else f'{place.entry(which)}, then '
        out.hint(f"nothing is drawn: {way}git exp results {done.slug} --plot '{drawing}', and commit it")
    return 0
