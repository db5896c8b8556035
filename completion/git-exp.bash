# bash completion for git exp: git's own completion calls _git_exp.
_git_exp() {
    local at=0 word kind value
    while [ "${words[at]:-}" != exp ] && [ "$at" -lt "$cword" ]; do at=$((at + 1)); done
    local rest=(git-exp "${words[@]:at+1}")
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
        plain) COMPREPLY+=("$value ") ;;
        file) compopt -o default ;;
        dir) compopt -o dirnames ;;
        esac
    done < <(COMP_WORDS="${rest[*]}" COMP_CWORD=$((cword - at)) _GIT_EXP_COMPLETE=bash_complete git-exp)
    compopt -o nospace 2>/dev/null
}
