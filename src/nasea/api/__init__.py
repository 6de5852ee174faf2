"""What ``import nasea`` offers.

Every function runs what the command of the same name runs. A scenario is a file, a dict with the
keys of ``scen.yaml``, or a :class:`nasea.Scenario`. Progress is shown in terminals and notebooks.
"""

from nasea.api.results import export, load, retrain, weights
from nasea.api.searching import check, read_scenario, search
from nasea.api.studies import compare, fidelity

__all__ = [
    "check",
    "compare",
    "export",
    "fidelity",
    "load",
    "read_scenario",
    "retrain",
    "search",
    "weights",
]
