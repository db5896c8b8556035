# gitexp hook 1: what the hooks share
python=@python@
package=@package@
chained=@chained@

# Sets gitdir and common without starting git; fails where only git can tell.
place() {
    gitdir=${GIT_DIR:-.git}
    if [ -f "$gitdir" ]; then
        IFS= read -r gitdir < "$gitdir" || return
        gitdir=${gitdir#gitdir: }
    fi
    common=$gitdir
    if [ -f "$gitdir/commondir" ]; then
        IFS= read -r common < "$gitdir/commondir" || return
        case $common in /*) ;; *) common=$gitdir/$common ;; esac
    fi
    [ -r "$gitdir/HEAD" ]
}

# Sets branch, too ('' for a detached HEAD); fails in meta mode as well, which is looked at closely.
here() {
    place && IFS= read -r branch < "$gitdir/HEAD" || return
    case $branch in
        'ref: refs/heads/.invalid') return 1 ;;
        'ref: refs/heads/'*) branch=${branch#ref: refs/heads/} ;;
        *) branch= ;;
    esac
    [ -z "$META_MODE" ]
}

# Becomes git, as nothing in the user's environment can bend its answer: for a subshell, so that there is one process less.
steady() {
    export GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null/none GIT_LITERAL_PATHSPECS=0 GIT_GLOB_PATHSPECS=0 GIT_NOGLOB_PATHSPECS=0 \
        GIT_ICASE_PATHSPECS=0
    exec git "$@"
}

# Reads what is made of the trunk's gitexp.yaml, and holds as long as the trunk has that very blob; sets now, the trunk's commit.
compiled() {
    [ -r "$common/exp/cache/hook.sh" ] && . "$common/exp/cache/hook.sh" || return
    now= at= has=
    [ -r "$common/refs/heads/$trunk" ] && IFS= read -r now < "$common/refs/heads/$trunk"
    [ -n "$now" ] || now=$(steady rev-parse --verify --quiet "refs/heads/$trunk") || return
    [ -r "$common/exp/cache/trunk" ] && read -r at has < "$common/exp/cache/trunk"
    if [ "$now" != "$at" ]; then
        has=$(steady rev-parse --verify --quiet "$now:gitexp.yaml") || return
        looked_up "$now"
    fi
    [ "$has" = "$blob" ]
}

# Remembers which gitexp.yaml a commit of the trunk has.
looked_up() {
    [ ! -w "$common/exp/cache" ] || echo "$1 $has" > "$common/exp/cache/trunk"
}

# Whether an experiment may change only what is named variable.
limited() {
    case $confines$branch in yesexp/*) ;; *) return 1 ;; esac
}

# Whether the index holds an ordinary commit that touches nothing protected. What it touches is kept for the judge, so that a large
# index is not read once more: seen is the file.
ordinary() {
    seen=
    here && [ ! -e "$gitdir/MERGE_HEAD" ] && compiled || return
    case $branch in '' | "$guarded") return 1 ;; esac
    set -- diff-index --cached --ita-invisible-in-index --ignore-submodules=none
    (protected "$@" -r -z --raw --no-renames --no-abbrev HEAD) 2>/dev/null > "$gitdir/exp-seen" || return
    if [ -s "$gitdir/exp-seen" ]; then
        seen=$gitdir/exp-seen
        return 1
    fi
    ! limited || (beyond "${branch#exp/}" "$@" --quiet HEAD)
}

# Whether a branch goes, or moves to where the trunk is, or by one commit that was judged before it was made, or is ordinary.
moved() {
    [ $# = 3 ] && [ -z "$META_MODE" ] && place && compiled || return
    old=$1 new=$2 ref=$3 branch=${3#refs/heads/}
    case $branch in "$trunk") now=$old ;; esac
    case $new in *[!0]*) ;; *) [ "$branch" != "$trunk" ]; return ;; esac
    ! shadowing "$branch" || return
    [ "$new" = "$now" ] || [ "$new" = "$old" ] || passed || added
}

# Whether this very change has passed before it was committed. Anybody can write that file, as anybody can switch these hooks off:
# the push and the evaluation look for themselves.
passed() {
    [ -r "$gitdir/exp-passed" ] && read -r said < "$gitdir/exp-passed" && [ "$said" = "$ref $old $blob" ] || return
    set -- diff-tree --always --root -m -r -z --raw --no-abbrev --no-renames --ignore-submodules=none --format=%P "$new"
    {
        echo "$said"
        bare
        if limited || [ "$branch" = "$guarded" ]; then steady "$@"; else selected "$@"; fi
    } | cmp -s - "$gitdir/exp-passed"
}

# Whether the new commit has one parent, which the branch or the trunk had already, and touches nothing protected.
added() {
    [ "$branch" != "$guarded" ] || return
    set -- diff-tree --always --root -m -r --name-only --no-renames --ignore-submodules=none --format=%P
    parent=$(bare; protected "$@" "$new") || return
    case $parent in
        '' | *[!0-9a-f]*) return 1 ;;
        "$old" | "$now") ;;
        *) amended "$@" || return ;;
    esac
    ! limited || [ "$(bare; beyond "${branch#exp/}" "$@" "$new")" = "$parent" ] || return
    [ "$branch" != "$trunk" ] || looked_up "$new"
}

# Whether what the new commit takes the place of has the same parent, and touches nothing protected either.
amended() {
    case $old in *[!0]*) [ "$(bare; protected "$@" "$old")" = "$parent" ] ;; *) return 1 ;; esac
}

# Spares git the index, which takes its time in a large repository and says nothing about commits; for a subshell as well.
bare() {
    export GIT_INDEX_FILE=  # No file and no folder is called so.
}

# Whether the first line of the message is what the branch asks for, and stands alone; a merge says what it likes.
worded() {
    here || return
    case $branch in exp/*) [ ! -e "$gitdir/MERGE_HEAD" ] || return 0 ;; *) return 0 ;; esac
    read -r subject < "$1" || return
    case $subject in "exp(${branch#exp/}): "?*) ;; *) return 1 ;; esac
    { read -r subject; next=; read -r next; } < "$1"
    [ -z "$next" ]
}

# Asks the judge in Python, and refuses when it is gone.
judge() {
    if [ -x "$python" ] && [ -f "$package/gitexp/guard/entry.py" ]; then
        "$python" -I -S -X utf8 -c 'import sys; sys.path.append(sys.argv.pop(1)); from gitexp.guard import entry; entry.main()' "$package" "$@"
        return
    fi
    echo "gitexp: refused, since the gitexp that these hooks were made by is gone ($package)" >&2
    echo 'hint: git exp hook install (or, to go without: git config --local --unset core.hooksPath)' >&2
    return 1
}

# What git feeds the hook, once more.
given() {
    [ -z "$lines" ] || printf '%s\n' "$lines"
}

# Runs the hooks that were here before, or were put beside ours; `fed` gives each what git feeds us.
others() {
    name=$1
    shift
    follow "${0%/*}/beside/$name" "$@" && follow "$chained/$name" "$@"
}

fed() {
    name=$1
    shift
    given | follow "${0%/*}/beside/$name" "$@" && given | follow "$chained/$name" "$@"
}

follow() {
    [ ! -x "$1" ] || "$@"
}
