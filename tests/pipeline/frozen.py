"""Imported last by the server of ``children``: what it has loaded is no garbage.

Processes that it forks neither look through it at every collection nor copy its pages for that.
"""

import gc

gc.collect()
gc.freeze()
