"""What is made of the results of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.api.arguments import as_path, cost_of, listening_to, results_of
from nasea.errors import NaseaError, NotAvailableError

if TYPE_CHECKING:
    from nasea.config import ScenarioSource
    from nasea.pipeline.export.exported import ExportedFile
    from nasea.pipeline.retraining.outcome import Outcome
    from nasea.pipeline.session.events import Event, Listener


def retrain(
    config: ScenarioSource = "scen.yaml",
    number: int | None = None,
    *,
    budget: float | str | None = None,
    candidates: int = 8,
    epochs: int | None = None,
    learning_rate: float | None = None,
    from_scratch: bool = False,
    distill: bool = False,
    teacher_share: float = 0.5,
    quantisation_aware: bool = False,
    formats: Sequence[str] | None = None,
    results: str | Path | None = None,
    directory: str | Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> Outcome:
    """Train one network of a front in full, then export it; as ``nasea retrain``.

    Args:
        config: the scenario of the search.
        number: of the architecture; or give a budget.
        budget: retrain several networks that cost about as much, and finish the best: parameters,
            FLOPs or milliseconds, or a text such as ``"50k"``.
        candidates: for a budget: how many begin.
        epochs: those of the scenario by default.
        learning_rate: that of the scenario by default.
        from_scratch: begin with initial weights instead of those of the search.
        distill: learn from the most accurate larger network in the results as well, best a
            retrained one.
        teacher_share: the teacher's share of the loss, greater than 0 and 1 at most.
        quantisation_aware: round weights and activations to int8 in the last quarter of training,
            and measure as the int8 file computes.
        formats: to export to (see :func:`export`); by default onnx for PyTorch and pb for
            TensorFlow, none for ``[]``.
        results: of the search; the folder ``results`` of ``directory`` by default.
        directory: where ``user_module.py`` is; the current directory by default.
        restart: forget the checkpoints of this retraining and start over.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The network, its course and its files; ``nasea.load(outcome.directory)`` is the network.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.backends.distributed.launch import current_launch
    from nasea.pipeline.retraining.halving import retrain_best
    from nasea.pipeline.retraining.plan import Request
    from nasea.pipeline.retraining.retrain import retrain as run

    if current_launch() is not None:
        raise NotAvailableError(
            "nasea.retrain was started as one of several processes",
            fix="start it once; with several ids in resource.gpu_id it starts the others itself. "
            "The command nasea retrain works with launchers",
        )
    if (number is None) == (budget is None):
        raise NaseaError(
            "which network? number takes one of the front, budget the best of several",
            fix="give one of the two: nasea.retrain(config, 3) or nasea.retrain(config, "
            "budget='50k')",
        )
    request = Request(
        from_scratch, epochs, learning_rate, distill, teacher_share, quantisation_aware
    )
    home, folder = as_path(directory), results_of(results, directory)
    with listening_to(listener, on_event, quiet) as heard:
        if number is not None:
            return run(
                config,
                number,
                request,
                formats=formats,
                results=folder,
                directory=home,
                restart=restart,
                listener=heard,
            )
        return retrain_best(
            config,
            cost_of(budget, "budget"),
            candidates,
            request,
            formats=formats,
            results=folder,
            directory=home,
            restart=restart,
            listener=heard,
        ).outcome


def export(
    config: ScenarioSource = "scen.yaml",
    number: int | None = None,
    *,
    formats: Sequence[str] = (),
    batch: int | None = None,
    calibration_images: int | None = None,
    licence: str = "",
    results: str | Path | None = None,
    directory: str | Path | None = None,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> list[ExportedFile]:
    """Write a network for other runtimes, check and time each file there; as ``nasea export``.

    Args:
        config: the scenario of the search: its data check the files.
        number: of the architecture; may be left out for a retrained one.
        formats: PyTorch: onnx, onnx-float16, onnx-int8, pt2, tflite, tflite-int8, executorch,
            executorch-int8, coreml, coreml-float16, openvino, openvino-int8. TensorFlow: pb,
            savedmodel, tflite, tflite-float16, tflite-int8. By default onnx and pb.
        batch: images that a file takes at a time; any number by default.
        calibration_images: training images that settle the ranges of int8; as many as
            ``searcher.bn_images`` says by default.
        licence: of the weights, for the model card.
        results: of the search, or of a retraining; the folder ``results`` of ``directory`` by
            default.
        directory: where ``user_module.py`` is; the current directory by default.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        Each file with its size, its differences from the network, its accuracy and its latency.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.export.exporting import export as run

    folder, home = results_of(results, directory), as_path(directory)
    with listening_to(listener, on_event, quiet) as heard:
        return run(
            config,
            number,
            formats,
            results=folder,
            batch=batch,
            calibration_images=calibration_images,
            licence=licence,
            directory=home,
            listener=heard,
        )


def weights(
    config: ScenarioSource = "scen.yaml",
    numbers: Sequence[int] = (),
    *,
    results: str | Path | None = None,
    directory: str | Path | None = None,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> list[Path]:
    """Write weights files that a large front left out; as ``nasea weights``.

    Args:
        config: the scenario of the search.
        numbers: of the architectures; the whole front by default.
        results: of the search; the folder ``results`` of ``directory`` by default.
        directory: where ``user_module.py`` and ``checkpoint/`` are; the current directory by
            default.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The files that were written; none if all were there.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.supernet.late_weights import write_weights

    folder, home = results_of(results, directory), as_path(directory)
    with listening_to(listener, on_event, quiet) as heard:
        return write_weights(config, numbers, results=folder, directory=home, listener=heard)


def load(
    results: str | Path = "results",
    number: int | None = None,
    *,
    directory: str | Path | None = None,
) -> Any:
    """Return a result as a network with its weights, PreNet and PostNet included.

    It is what ``load_model()`` of the generated file returns, so it runs that file and
    ``user_module.py``.

    Args:
        results: folder of a search, of a retraining, or of candidates near a budget.
        number: of the architecture; may be left out for a retrained one.
        directory: where ``user_module.py`` is; by default beside the results or above them, else
            the current directory.

    Returns:
        A ``torch.nn.Module`` in evaluation mode, on the CPU, or a ``tf.keras.Model``.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.loading import load_network

    return load_network(Path(results), number, as_path(directory))
