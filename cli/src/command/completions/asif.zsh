#compdef asif
# Completions of asif for zsh. In ~/.zshrc, after compinit: source <(asif completions zsh)
_asif() {
    local -a values shown
    local line
    while IFS= read -r line; do
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done < <(command asif __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)
    # compadd quotes what it puts into the command line.
    (( $#values )) && compadd -l -d shown -a -- values
}
if [[ $funcstack[1] == _asif ]]; then
    _asif "$@"
else
    compdef _asif asif
fi
