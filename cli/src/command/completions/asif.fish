# Completions of asif for fish. In ~/.config/fish/config.fish: asif completions fish | source
# fish quotes what it puts into the command line.
function __asif_complete
    set -l words (commandline -opc)
    command asif __complete fish -- $words (commandline -ct) 2>/dev/null
end
complete -c asif -f -a '(__asif_complete)'
