"""git exp confirm"""
from __future__ import annotations

from datetime import datetime, timezone

from gitexp.commands import here, options, out
from gitexp.commands.declare import command, option
from gitexp.git.command import Git
from gitexp.measure import confirm as vouching
from gitexp.report import figures


@command(
    options.slug,
    option('--because', required=True, metavar='TEXT', help='What was looked at, and why the gain is real.'),
    options.as_json,
)
def confirm(slug: str | None, because: str, as_json: bool) -> None:
    """Vouch for a gain that is not to be believed at once.

    Three are held as provisional: a step of more than ten times everything gained before, since most such are a leak or a bug
    (jump); one with a seed that was run in vain more than once before it gave a value or has another that is retired, where
    some values of either tree were retired and others kept, or that does not hold by all values of a seed that gave several
    (retried); and one whose seeds all give one value, or nearly, where those of others differ (seedless). This appends a row that
    says who has looked, and why the gain is real; from then on the result is judged like any other. SLUG is the experiment whose
    worktree this is, unless named. It is about the runs that there are: what later ones show is held anew, as are retired results
    that are measured again.

    Where gitexp.yaml lists its humans, only they may, by the author that git would name here. That stops an agent which
    commits under a name of its own; it does not stop one that takes yours.
    """
    lab = here.lab(afresh=True)
    which = here.experiment(lab, slug)
    now = datetime.now(timezone.utc)
    done = vouching.confirm(lab, which, because=because, here=Git(lab.here or lab.common), now=now)
    one, said, vouched = done.standing, done.verdict, done.row.params
    if as_json:
        out.data({
            'experiment': one.experiment, 'version': one.version, 'tree': one.tree, 'commit': one.commit, 'eval_id': one.eval_id,
            'mean': one.mean, 'seeds': one.n, 'held': done.held,
            'row': done.row.id, 'new': done.new, 'by': vouched.get('by'), 'because': vouched.get('because'),
            'verdict': said.kind.value if said else None, 'why': said.why if said else None,
        })
        return
    at = f' at {one.commit[:7]}' if one.commit else ''
    mean = f'{lab.config.metric.name} {figures.scale([one.mean]).show(one.mean)} on {one.n} seed{"" if one.n == 1 else "s"}'
    done_so = 'confirmed' if done.new else 'confirmed before'
    out.answer(f'{done_so} by {vouched.get("by")}: {one.experiment} {one.version}{at}, {mean}')
    if not done.held:
        out.answer(f"    'exp/{which.slug}' holds something else by now, which this does not confirm")
    if said:
        out.answer(f'    {said.kind.value}: {said.why}')
