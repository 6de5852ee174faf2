"""Several processes as one backend.

Rank 0 runs the pipeline and *leads*; the others *follow*: they wait for what the leader's backend
does on all devices, do the same, and agree with it whether it went well (docs/decisions/0070).

- ``world``: the processes, started here or joined; ``follower`` is what the other ones run.
- ``ranks``: all that they say to each other.
- ``leader``: the backend of rank 0.
- ``trainer``: a training step; ``sync_norm``: batch normalisation over all ranks.
- ``scoring``: candidates handed out to whoever is free.
"""
