"""Times one network file with Python and prints ``latency: 0.123 ms``.

    python3 time_file.py FILE [THREADS]

A stand-alone script, copied to boards without nasea. It needs Python 3.9, numpy, and onnxruntime
for ``.onnx``, ai-edge-litert (or tflite-runtime) for ``.tflite`` or executorch for ``.pte``.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

WARM_UP_S = 0.1
TIMED_S = 0.2
FEWEST = 5


def onnx_run(path: str, threads: int) -> Callable[[], object]:
    """Return a function that runs an ONNX file once."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for item in session.get_inputs():
        shape = [size if isinstance(size, int) else 1 for size in item.shape]
        binding.bind_cpu_input(item.name, made_up(shape, np.float32))
    for item in session.get_outputs():
        binding.bind_output(item.name)
    return lambda: session.run_with_iobinding(binding)


def tflite_run(path: str, threads: int) -> Callable[[], object]:
    """Return a function that runs a TFLite file once."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=path, num_threads=threads)
    interpreter.allocate_tensors()
    for item in interpreter.get_input_details():
        interpreter.set_tensor(item["index"], made_up(item["shape"], item["dtype"]))
    run: Callable[[], object] = interpreter.invoke
    return run


def pte_run(path: str, threads: int) -> Callable[[], object]:
    """Return a function that runs an ExecuTorch file once."""
    from executorch.extension.pybindings import portable_lib
    from executorch.runtime import Runtime

    torch: Any = sys.modules["torch"]  # which these imported; nasea's rules keep it out of here
    portable_lib._unsafe_reset_threadpool(threads)
    method: Any = Runtime.get().load_program(path).load_method("forward")
    metas = [method.metadata.input_tensor_meta(i) for i in range(method.metadata.num_inputs())]
    inputs = [torch.from_numpy(made_up(meta.sizes(), np.float32)) for meta in metas]
    return lambda: method.execute(inputs)


def made_up(shape: Any, dtype: Any) -> Any:
    """Return an input; its values do not affect the time."""
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def milliseconds(run: Callable[[], object]) -> float:
    """Return the 10th percentile of many runs, since disturbances only add time."""
    clock = time.perf_counter
    end = clock() + WARM_UP_S
    run()
    while clock() < end:
        run()
    times = []
    end = clock() + TIMED_S
    while True:
        start = clock()
        run()
        now = clock()
        times.append(now - start)
        if now > end and len(times) >= FEWEST:
            return 1e3 * sorted(times)[len(times) // 10]


if __name__ == "__main__":
    file, threads = sys.argv[1], int((sys.argv[2:] or ["1"])[0])
    openers = {"onnx": onnx_run, "pte": pte_run}
    opened = openers.get(file.rpartition(".")[2], tflite_run)(file, threads)
    gc.disable()
    print(f"latency: {milliseconds(opened):.9g} ms")
