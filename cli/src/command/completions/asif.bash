# Completions of asif for bash. In ~/.bashrc: source <(asif completions bash)
_asif() {
    local reply
    COMPREPLY=()
    # Each line is quoted already: it goes into the command line as it is, and nothing in it is filled in here.
    while IFS= read -r reply; do
        COMPREPLY+=("$reply")
    done < <(command asif __complete bash -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -F _asif asif
