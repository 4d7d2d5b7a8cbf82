# SPDX-License-Identifier: LGPL-2.1-or-later
# macsecctl itself knows what may come.
function __macsecctl_candidates
    set -l words (commandline -opc)
    macsecctl --complete-args -- $words[2..] (commandline -ct) 2>/dev/null
end
complete -c macsecctl -a '(__macsecctl_candidates)'
