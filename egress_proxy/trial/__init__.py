"""The trial of a running proxy: canaries are planted, everything is asked of it that a client can ask, and what comes
back is searched for them.

    canaries ── field (files) ──► opencode ──► proxy ──► client ──► watch
                speaker (the model's part) ──┘

Nothing here uses the scanner that it tries: the search is written anew, so that a mistake there is not made twice. The
local model is not asked to obey: in the planted directory opencode talks to `speaker`, which says what a model would
have to be talked into.
"""
