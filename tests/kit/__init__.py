"""The test kit: real opencode servers, a scripted model, a planted world and a launcher of the proxy.

Nothing here imports `egress_proxy`: the kit judges it from outside, as a client, a peer or an operator would.
"""
