"""Pre-training for detection and segmentation: a classification supernet, trained once.

``dataset.pre_train_dir`` contains a checkpoint of an earlier pre-training, or a classification data
set. The supernet trained on a data set is stored in ``checkpoint/`` as such a checkpoint, for a
restart or for the search of another project. Only the weights of slots and PreNet are transferred,
by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nasea.backends import AttachedBackend, ProcessGroup
from nasea.backends.data.image_folder import is_image_folder
from nasea.backends.data.tfrecords import record_files
from nasea.backends.records import DataReport
from nasea.backends.training.pretrained import PRE_NET, SLOT, LoadedPretrained
from nasea.backends.user.module import CLASSIFICATION_MODULE
from nasea.config import Scenario, load_scenario
from nasea.errors import CheckpointError, ConfigError, DataError, Notice, Problem
from nasea.pipeline.opening import Opened, open_scenario
from nasea.pipeline.probe import FEW_PATHS_PER_UPDATE, Prepared
from nasea.pipeline.session.checkpoint import Checkpoint, CheckpointStore
from nasea.pipeline.session.identity import digest_of, identity
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet_training import SupernetTraining

CLASSIFICATION_SCENARIO = "pre_train.yaml"

_KIND = "pretrained"
_MAX_SHOWN = 8


class PreTraining(SupernetTraining):
    """Training of the classification supernet."""

    stage = "pretrain"
    title = "pre-training on classification"
    curves = "pre_train/"


def supernet_identity(prepared: Prepared, home: Path) -> dict[str, str]:
    """Return digests of everything that affects the supernet of a run, pre-training included."""
    found = identity(prepared.scenario, prepared.data, prepared.space, home)
    if prepared.scenario.task != "classification":
        found["pre_train"] = _digest_of_files(home)
    return found


def check_source(scenario: Scenario, home: Path) -> Notice | None:
    """Check, before any training, whether there is a checkpoint or data set for pre-training.

    Returns:
        A notice if there will be no pre-training; else ``None``.

    Raises:
        DataError: ``pre_train_dir`` holds neither a checkpoint nor a data set.
        ConfigError: ``pre_train.yaml`` does not suit the scenario.
    """
    if scenario.task == "classification":
        return None
    asked = scenario.dataset.pre_training
    if asked is None:
        return Notice("dataset.pre_train_dir", "none: nothing is pre-trained")
    if _checkpoints_in(Path(asked)):
        return None
    classification_scenario(scenario, home)
    own = (home / f"{CLASSIFICATION_MODULE}.py").is_file()
    if not own and not _has_images(Path(asked), scenario.framework):
        what = f"dataset.pre_train_dir: {asked} holds neither a checkpoint of a pre-training nor a "
        what += "classification data set"
        if record_files(Path(asked)):
            what += "; its TFRecord files are read with TensorFlow only"
        raise DataError(
            what,
            fix="arrange images as DIR/train/CLASS/*.jpg, or write user_module_cls.py, a "
            "classification module that reads them; pre_train_dir: none trains without",
        )
    return None


def pre_train(prepared: Prepared, home: Path, session: Session) -> None:
    """Load pre-trained weights into the supernet of a run before its training.

    Args:
        prepared: the run.
        home: where ``user_module.py`` and ``checkpoint/`` are.
        session: listener, journal and stop.

    Raises:
        CheckpointError: no weights of the checkpoint fit.
        NaseaError: any error of a training.
    """
    asked = prepared.scenario.dataset.pre_training
    if prepared.scenario.task == "classification" or asked is None:
        return
    found = _checkpoints_in(Path(asked))
    if found:
        stored = CheckpointStore(Path(asked), _KIND).load([])
        assert stored is not None, "there are files"
        _require_framework(stored, prepared.scenario, found[-1])
        source = str(found[-1])
    else:
        stored = _trained(prepared.scenario, home, session, prepared.space.taps)
        source = "checkpoint/"
    account = prepared.backend.load_pretrained(stored.payload)
    _require_something(account, source)
    session.listener.line(f"pre-trained weights of {source}: {_words(account)}")
    unfit = [*account.unfit, *(f"{name}: not in the checkpoint" for name in account.missing)]
    if unfit:
        shown = "\n".join(f"  {text}" for text in unfit[:_MAX_SHOWN])
        more = f"\n  and {len(unfit) - _MAX_SHOWN} more" * (len(unfit) > _MAX_SHOWN)
        session.listener.notice(Notice("pre-training", f"begins untrained:\n{shown}{more}"))


def classification_scenario(scenario: Scenario, home: Path) -> Scenario:
    """Return the scenario of pre-training: ``pre_train.yaml``, or one derived from the search's.

    Raises:
        ConfigError: the file is invalid, or has another task, framework or body.
    """
    path = home / CLASSIFICATION_SCENARIO
    if path.is_file():
        found = load_scenario(path).scenario
        _require_suitable(found, scenario, path)
        return found
    asked = str(scenario.dataset.pre_train_dir)
    dataset = scenario.dataset.model_copy(
        update={"pre_train_dir": None, "train_dir": asked, "val_dir": asked}
    )
    supernet = scenario.supernet.model_copy(update={"feature_choose": ()})
    return scenario.model_copy(
        update={"task": "classification", "dataset": dataset, "supernet": supernet}
    )


def _trained(scenario: Scenario, home: Path, session: Session, taps: Sequence[int]) -> Checkpoint:
    """Return the finished pre-training of this directory, training it if necessary.

    Layers that PostNet of the search reads keep their width here too; otherwise their weights would
    not fit.
    """
    wanted = classification_scenario(scenario, home)
    finished = CheckpointStore(home / "checkpoint", _KIND)
    store = CheckpointStore(home / "checkpoint", "pretrain")
    marks = _marks(wanted, home)
    stored = finished.load([])
    if stored is not None and _same(stored.meta["identity"], marks):
        session.listener.line("pre-training was done by an earlier start")
        return stored
    opened, backend = open_pre_training(wanted, home, taps, session.group)
    try:
        present = identity(wanted, opened.data, opened.space, home) | marks
        begun = store.load([])
        if begun is not None and not _same(begun.meta["identity"], present):
            text = "its data, scenario or module changed: it starts over"
            session.listener.notice(Notice("pre-training", text))
            store.clear()
        for notice in backend.notices:
            session.listener.notice(notice)
        session.listener.line(_described(opened.data, len(opened.space.layers)))
        PreTraining(
            wanted,
            backend,
            opened.space,
            paths_per_update(opened),
            store,
            present,
            session,
        ).run()
        meta = {"identity": present, "framework": wanted.framework}
        finished.save(meta, backend.pretrained_weights())
        store.clear()
    finally:
        opened.backend.close()
    stored = finished.load([])
    assert stored is not None, "it was just written"
    return stored


def is_due(scenario: Scenario, home: Path) -> bool:
    """Return whether a search has to pre-train first."""
    asked = scenario.dataset.pre_training
    if scenario.task == "classification" or asked is None or _checkpoints_in(Path(asked)):
        return False
    stored = CheckpointStore(home / "checkpoint", _KIND).load([])
    wanted = classification_scenario(scenario, home)
    return stored is None or not _same(stored.meta["identity"], _marks(wanted, home))


def open_pre_training(
    wanted: Scenario, home: Path, taps: Sequence[int], group: ProcessGroup | None
) -> tuple[Opened, AttachedBackend]:
    """Open the data of pre-training, build its supernet and try every candidate.

    Args:
        wanted: see :func:`classification_scenario`.
        home: where the user's files are.
        taps: layers whose width is not searched.
        group: the processes that compute; by default only this one.
    """
    opened = open_scenario(wanted, home, role="pre-training", group=group, fixed=taps)
    try:
        backend = opened.backend.attach(opened.space, wanted.seed)
        backend.choose_workers(backend.try_candidates(lambda done, total: None))
    except BaseException:
        opened.backend.close()
        raise
    return opened, backend


def paths_per_update(opened: Opened) -> int:
    """Return the number of paths per update of pre-training."""
    asked = opened.scenario.supernet.paths_per_update or FEW_PATHS_PER_UPDATE
    return min(asked, opened.data.batches_per_epoch)


def _marks(wanted: Scenario, home: Path) -> dict[str, str]:
    """Return what identifies a finished pre-training."""
    return {"pre_train": _digest_of_files(home), "scenario": wanted.training_digest()}


def _checkpoints_in(directory: Path) -> list[Path]:
    return CheckpointStore(directory, _KIND).files()


def _has_images(directory: Path, framework: str) -> bool:
    if not directory.is_dir():
        return False
    readable = framework == "tensorflow" and bool(record_files(directory))
    return readable or is_image_folder(directory)


def _same(stored: Mapping[str, str], present: Mapping[str, str]) -> bool:
    return all(stored.get(key) == value for key, value in present.items())


def _described(data: DataReport, layers: int) -> str:
    return (
        f"pre-training data: {data.train_images} training images, {data.val_images} validation "
        f"images; {layers} searched layers"
    )


def _words(account: LoadedPretrained) -> str:
    def count(kind: str) -> str:
        loaded = sum(name.startswith(kind) for name in account.loaded)
        missing = sum(name.startswith(kind) for name in account.missing)
        unfit = sum(text.startswith(kind) and "here" in text for text in account.unfit)
        return f"{loaded} of {loaded + missing + unfit}"

    return f"{count(SLOT)} slots and {count(PRE_NET)} tensors of PreNet taken over"


def _require_something(account: LoadedPretrained, source: str) -> None:
    if any(name.startswith(SLOT) for name in account.loaded):
        return
    shown = "\n".join(f"  {text}" for text in account.unfit[:_MAX_SHOWN])
    raise CheckpointError(
        f"no slot of the pre-trained weights of {source} fits this search space:\n{shown}",
        fix="pre-train with the filters and blocks of this scenario, or use pre_train_dir: none",
    )


def _require_framework(stored: Checkpoint, scenario: Scenario, path: Path) -> None:
    framework = stored.meta.get("framework")
    if framework != scenario.framework:
        raise CheckpointError(
            f"{path} was pre-trained with {framework}, but the scenario says framework: "
            f"{scenario.framework}",
            fix="pre-train with this framework",
        )


def _require_suitable(found: Scenario, scenario: Scenario, path: Path) -> None:
    rules = (
        ("strategy.constraint.application_type", "must be image_classification",
         found.task == "classification", found.task),
        ("strategy.framework", f"must be that of the search, {scenario.framework}",
         found.framework == scenario.framework, found.framework),
        ("strategy.supernet.filters", f"must be those of the search, "
         f"{list(scenario.supernet.filters)}",
         found.supernet.filters == scenario.supernet.filters, list(found.supernet.filters)),
        ("strategy.supernet.widths", f"must be those of the search, {_listed(scenario)}",
         found.supernet.widths == scenario.supernet.widths, _listed(found)),
    )  # fmt: skip
    problems = [
        Problem(str(path), key, rule, found=str(value))
        for key, rule, sound, value in rules
        if not sound
    ]
    if problems:
        raise ConfigError(problems)


def _listed(scenario: Scenario) -> str:
    widths = scenario.supernet.widths
    return "none" if widths is None else str(list(widths))


def _digest_of_files(home: Path) -> str:
    """Return a digest of the files that pre-training reads."""
    return digest_of([home / CLASSIFICATION_SCENARIO, home / f"{CLASSIFICATION_MODULE}.py"])
