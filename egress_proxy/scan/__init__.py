"""Scanning: which spans of the texts that are about to cross are secrets.

    texts -> one joined buffer -> prefilter (Hyperscan, may over-report, never misses) -> the rules it named -> spans
          -> canonical view -> keyed windows -> known values -> spans

`engine` puts the two together behind `model.Scanner`; `redaction` turns a `Scan` into texts that may leave. `rules` is
the only importer of detect_secrets.
"""
