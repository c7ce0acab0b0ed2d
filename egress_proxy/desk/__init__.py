"""The operator's desk: asks that wait for a human, as `egress-proxy gates list` and its like bring them to a terminal.

A client of the operator's socket (docs/gates.md). It shows original text to the one who decides, so all of it is
escaped for the terminal; nothing of it is kept.
"""
