"""`ocode`: the command with which a cloud agent drives the local agent through the proxy.

    cli (arguments -> verb) -> verbs -> conversation, states, asks, sessions, tail, ...
                                              |             |
                                              |             v
                                              |        api (typed calls) -> transport (bytes), tunnel (ssh)
                                              |             |
                                              |             v
                                              |        listening (events) -> waiting (is it over?), live (the reply)
                                              v
                                  documents (the JSON shapes) -> console (the only writer)
    mcp -> mcp_server -> tools -> the same verbs

It starts often, so nothing heavy is imported: no aiohttp, nothing of the proxy's but its vocabulary. It trusts neither
the proxy nor the reply: answers are decoded into types, sizes are bounded, and no control character of a reply reaches
a terminal. Its errors are `faults.Fault`; the token is a `model.Secret`.
"""
