# SPDX-License-Identifier: LGPL-2.1-or-later
# macsecctl itself knows what may come.
function __macsecctl_candidates
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l candidates (macsecctl --complete-args -- $words[2..] "$word" 2>/dev/null)
    if set -q candidates[1]
        printf '%s\n' $candidates
    else
        __fish_complete_path "$word"
    end
end
complete -c macsecctl -f -a '(__macsecctl_candidates)'
