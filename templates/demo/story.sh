#!/usr/bin/env bash
# The whole of gitexp on real data: each command is printed as you would type it, then really run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
place=$(mktemp -d "${TMPDIR:-/tmp}/gitexp-demo.XXXXXX")
cd "$place"

# A home of its own: neither your git configuration nor your hooks take part.
export PATH="$top/.venv/bin:$PATH" GIT_CONFIG_GLOBAL="$place/gitconfig" GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1 COLUMNS=100
unset META_MODE
git config --global user.name 'Ada Researcher'
git config --global user.email 'ada@example.org'
git config --global advice.detachedHead false

say() { echo; printf '# %s\n' "$@"; }
typed() {
    printf '\n$'
    for word; do case $word in *[!a-zA-Z0-9_./=-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac; done
    echo
}
run() { typed "$@"; "$@" 2>&1; }
refused() { typed "$@"; if "$@" 2>&1; then echo "demo: '$*' should have been refused"; exit 1; fi; }
expect() { grep -q "$1" <<<"$2" || { printf 'demo: expected "%s" in:\n%s\n' "$1" "$2"; exit 1; }; }
go() { typed cd "$1"; cd "$1"; }
change() { printf '\n$ %s train.py; git diff -U0\n' "${EDITOR:-vi}"; git apply "$here/$1.patch"; git diff -U0 | sed -n '/^@@/,$p'; }

say 'A lab: a byte-level language model on the sources of the Python standard library.' \
    'eval.py is frozen: it owns the split and the scoring. train.py is what experiments change.'
run git exp init --lab bytelm lab
go lab
git init -q --bare "$place/shared.git"
git remote add origin "$place/shared.git"
git push -q origin main 2>/dev/null

say 'Measure first what nothing changes: the unchanged trunk, three seeds, and one seed twice.'
run git exp baseline

say 'An experiment is a branch, a worktree and a folder.'
run git exp new higher-order --idea 'a longer context predicts the next byte better'
go 5_worktrees/higher-order
change higher-order
run git commit -qam 'exp(higher-order): look further back'
run git exp eval

say 'Another one: let the model see more text. Can you see the mistake?'
go "$place/lab"
run git exp new wide-context --idea 'more text, more contexts seen'
go 5_worktrees/wide-context
change wide-context
run git commit -qam 'exp(wide-context): count the whole library'
run git exp eval

say 'Too good: the sources it counts hold the validation files too. It leads all the same:'
run git exp best

say 'Nothing is deleted or edited. The results are retired under the name of the bug, first on paper:'
run git exp supersede --bug val-leak --dry-run
run git exp supersede --bug val-leak --yes
best=$(git exp best --json)
expect '"experiment": "higher-order"' "$best"
say 'The honest one leads again:'
run git exp best

say 'Could an agent help itself by an easier evaluation?'
go ../higher-order
printf '\n$ %s\n' "echo 'print(\"val_bpb: 0.1\")' >> eval.py"
echo 'print("val_bpb: 0.1")' >> eval.py
refused git commit -qam 'exp(higher-order): report better numbers'
run git restore --staged --worktree eval.py

say 'A result that beats the best becomes a request to merge, with its numbers.'
run git exp submit

go "$place/lab"
say 'All there is to know about last night:'
run git exp results
run git exp results --plot
run git exp status

cat <<END

# That was real: the lab is in $place/lab, and yours to play with until you remove it.
# What to try next:
    export PATH="$top/.venv/bin:\$PATH"
    cd '$place/lab'
    git exp show wide-context                 # what happened to it
    git exp restore wide-context              # undo the supersede, after it has asked; best changes back
    git exp new my-idea --idea '...'          # then: cd 5_worktrees/my-idea, edit train.py, commit, git exp eval
    git exp --help                            # the manual
# In a repository of your own: git exp init
END
