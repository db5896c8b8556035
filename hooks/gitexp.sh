# gitexp hook 1: what the hooks share
python=@python@
package=@package@
chained=@chained@

# Sets gitdir, common and branch ('' for a detached HEAD) without starting git; fails where only git can tell.
here() {
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
    [ -r "$gitdir/HEAD" ] && IFS= read -r branch < "$gitdir/HEAD" || return
    case $branch in
        'ref: refs/heads/.invalid') return 1 ;;
        'ref: refs/heads/'*) branch=${branch#ref: refs/heads/} ;;
        *) branch= ;;
    esac
    [ -z "$META_MODE" ] && [ ! -e "$gitdir/MERGE_HEAD" ]
}

# git, as nothing in the user's environment can bend its answer.
steady() {
    GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null/none GIT_LITERAL_PATHSPECS=0 GIT_GLOB_PATHSPECS=0 GIT_NOGLOB_PATHSPECS=0 \
        GIT_ICASE_PATHSPECS=0 git "$@"
}

# Whether the index holds an ordinary commit that touches nothing protected. The pathspecs are made from the trunk's gitexp.yaml,
# and hold as long as the trunk has that very blob; the file 'trunk' remembers where it was looked up last.
ordinary() {
    here && [ -r "$common/exp/cache/hook.sh" ] || return
    . "$common/exp/cache/hook.sh"
    now= at= has=
    [ -r "$common/refs/heads/$trunk" ] && IFS= read -r now < "$common/refs/heads/$trunk"
    [ -n "$now" ] || now=$(steady rev-parse --verify --quiet "refs/heads/$trunk") || return
    [ -r "$common/exp/cache/trunk" ] && read -r at has < "$common/exp/cache/trunk"
    if [ "$now" != "$at" ]; then
        has=$(steady rev-parse --verify --quiet "$now:gitexp.yaml") || return
        [ ! -w "$common/exp/cache" ] || echo "$now $has" > "$common/exp/cache/trunk"
    fi
    [ "$has" = "$blob" ] || return
    case $branch in
        '' | "$guarded") return 1 ;;
        exp/*) untouched && confined "${branch#exp/}" ;;
        *) untouched ;;
    esac
}

# Whether the first line of the message is what the branch asks for, and stands alone.
worded() {
    here || return
    case $branch in exp/*) ;; *) return 0 ;; esac
    read -r subject < "$1" || return
    case $subject in "exp(${branch#exp/}): "?*) ;; *) return 1 ;; esac
    { read -r subject; next=; read -r next; } < "$1"
    [ -z "$next" ]
}

# Asks the judge in Python, and refuses when it is gone.
judge() {
    if [ -x "$python" ] && [ -f "$package/gitexp/rules/entry.py" ]; then
        "$python" -I -S -c 'import sys; sys.path.append(sys.argv.pop(1)); from gitexp.rules import entry; entry.main()' "$package" "$@"
        return
    fi
    echo "gitexp: refused, since the gitexp that these hooks were made by is gone ($package)" >&2
    echo 'hint: git exp hook install (or, to go without: git config --local --unset core.hooksPath)' >&2
    return 1
}

# Runs the hooks that were here before, or were put beside ours.
others() {
    name=$1
    shift
    follow "${0%/*}/beside/$name" "$@" && follow "$chained/$name" "$@"
}

follow() {
    [ ! -x "$1" ] || "$@"
}
