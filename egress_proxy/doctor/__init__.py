"""Whether a proxy is set up as it should be, and what to hand on to whoever helps. Nothing here changes anything."""
