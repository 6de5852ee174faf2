"""The example of docs/reference/user-module.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from nasea.backends import open_backend
from nasea.backends.base import Slice
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.user import INTERFACE
from nasea.config import load_scenario

from .project import PATHS_PER_UPDATE, random_genomes, space_of, train

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "user-module.md"


def fenced(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1
    return str(found[0])


def test_the_example_runs(tmp_path: Path) -> None:
    (tmp_path / "user_module.py").write_text(fenced("python"), "utf-8")
    scenario_file = tmp_path / "scen.yaml"
    scenario_file.write_text(fenced("yaml"), "utf-8")
    loaded = load_scenario(scenario_file)
    few_blocks = loaded.scenario.to_dict()
    few_blocks["supernet"] |= {"blocks": ["skip", "basic_x0.5"]}  # type: ignore[operator]
    backend = open_backend(type(loaded.scenario).from_dict(few_blocks), tmp_path)
    assert isinstance(backend, TorchBackend)
    assert backend.load_data(None).train_images == 1400
    backend.attach(space_of(backend), 0)
    backend.begin_training(PATHS_PER_UPDATE, 0)
    reports = train(backend)
    assert reports[-1].loss < reports[0].loss
    measurement = backend.measure(random_genomes(backend.supernet.space, 1)[0], Slice())
    assert measurement.metric is not None and 0 <= measurement.metric <= 1


def test_the_page_names_the_whole_interface() -> None:
    page = PAGE.read_text("utf-8")
    for class_name, methods in INTERFACE.items():
        for method, arguments in methods.items():
            name = class_name if method == "__init__" else method
            assert f"`{name}({', '.join(arguments)})`" in page
