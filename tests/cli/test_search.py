from __future__ import annotations

from pathlib import Path

import pytest

from nasea.pipeline.session.events import Listener
from nasea.results.front import Front

from .conftest import Pretend, Run


@pytest.mark.parametrize(
    "words, config, restarts",
    [([], "scen.yaml", False), (["-c", "my.yaml", "--restart"], "my.yaml", True)],
)
def test_it_searches_and_says_where_the_results_are(
    run: Run, pretend: Pretend, front: Front, words: list[str], config: str, restarts: bool
) -> None:
    def search(path: Path, *, restart: bool, listener: Listener) -> Front:
        assert (path, restart) == (Path(config), restarts)
        listener.begin("train", "training")
        listener.line("epoch 1/1")
        return front

    pretend("nasea.pipeline.search.run", "search", search)
    done = run("search", *words)
    assert done.status == 0
    assert done.err == "== training\nepoch 1/1\n"
    assert "0.9500" in done.out
    assert done.out.splitlines()[-4:] == [
        "report: results/report.html",
        "again:  nasea show",
        "train:  nasea retrain --budget 40k",
        "export: python3 results/model_arch_result_1.py",
    ]
