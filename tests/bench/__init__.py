"""`make bench`: the proxy against a bare passthrough, and its scanner against detect-secrets, on the machine at hand.

    main process (client) ──► upstream                    direct
                          ──► passthrough ──► upstream    the baseline: what any proxy on aiohttp costs
                          ──► egress-proxy ──► upstream   the real command, from a written configuration

Figures are ratios within one run. Nothing here asserts a time.
"""
