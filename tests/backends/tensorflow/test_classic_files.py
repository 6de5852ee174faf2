"""What files expect of TensorFlow, and what they find of it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import tensorflow as tf

from nasea.backends.tensorflow.user.classic.importing import import_classic, notices_of
from nasea.backends.tensorflow.user.classic.versions import Expected, expected
from nasea.errors import UserCodeError

Write = Callable[..., Path]

LADDER = """
import tensorflow as tf
if tf.__version__.startswith('2.8'):
    import math as chosen
elif tf.__version__ == '2.1.0':
    import cmath as chosen
elif tf.__version__ == '1.12.0':
    import json as chosen
value = chosen.pi
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, **others: str) -> Path:
        for name, content in {"user_module": text, **others}.items():
            (tmp_path / f"{name}.py").write_text(dedent(content))
        return tmp_path

    return written


@pytest.mark.parametrize(
    "text, version",
    [
        (LADDER, "2.8.0"),
        (LADDER.replace("2.8", "2.21"), None),
        (LADDER.replace("elif tf.__version__ == '1.12.0'", "else"), None),
        (LADDER.replace("value = chosen.pi", ""), None),
        (LADDER.replace("import tensorflow", "import math as chosen, tensorflow"), None),
        (LADDER.replace("if tf.__version__.startswith('2.8')", "if tf.__version__ < '2.8'"), None),
        (LADDER.replace("tf.", "tensorflow.").replace("tensorflow as tf", "tensorflow"), "2.8.0"),
        (
            """
            from tensorflow import __version__ as v
            short = v[:3]
            def which():
                if short == "2.4": return 1
                elif short in ("2.1", "2.0"): return 2
            """,
            "2.4.0",
        ),
        (
            """
            import tensorflow as tf
            class A:
                def __init__(self):
                    if "1.12" in tf.__version__:
                        self.a = 1
                    elif "1.15" in tf.__version__:
                        self.a = 2
                def b(self):
                    return self.a
            """,
            "1.15.0",
        ),
        ("import tensorflow as tf\nif tf.__version__ == '2.4.0':\n    tf.broken = 1\n", None),
    ],
)
def test_which_version_a_file_expects(write: Write, text: str, version: str | None) -> None:
    found = expected(write(text), "2.21.0")
    assert found.version == version
    assert bool(found.places) == (version is not None)


SPELLINGS = {
    "tuple": "tuple(map(int, tf.__version__.split('.')[:2])) == (2, 8)",
    "comprehension": "[int(x) for x in tf.version.VERSION.split('.')[:2]] == [2, 8]",
    "loose": "LV('2.8') <= LV(tf.__version__) < LV('2.9')",
    "parsed": "version.parse(tf.__version__).release[:2] == (2, 8)",
    "parts": "major == 2 and minor == 8",
    "number": "int(major) * 100 + int(minor) == 208",
    "float": "float(tf.__version__[:3]) == 2.8",
    "any": "any(v in tf.__version__ for v in ('2.8', '2.1'))",
    "regular expression": "re.match('2[.]8', tf.__version__)",
}


@pytest.mark.parametrize("test", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("otherwise", ["", "else:\n    raise RuntimeError(tf.__version__)\n"])
def test_tests_of_every_spelling_are_computed(write: Write, test: str, otherwise: str) -> None:
    head = """
    import re
    import tensorflow as tf
    from packaging import version
    from packaging.version import Version as LV
    major, minor = (int(part) for part in tf.__version__.split(".")[:2])
    if tf.__version__ == "1.12.0":
        import json as chosen
    """
    branch = f"elif {test}:\n    import math as chosen\n"
    home = write(dedent(head) + branch + otherwise + "value = chosen.pi\n")
    found = expected(home, "2.21.0")
    assert found.version == "2.8.0" and found.places == ("user_module.py:7",)
    module, _ = import_classic(home)
    assert module.value == importlib.import_module("math").pi
    assert expected(home, "2.8.4").places == (), "it has a branch for this one"


@pytest.mark.parametrize(
    "text, version",
    [
        # orders: with two branches there is a version that it wants
        ("if V(v) < V('2.4'):\n    a = 1\nelif V(v) < V('2.10'):\n    a = 2\nprint(a)\n", "2.9.0"),
        # a single one may be there to do without
        ("if V(v) < V('2.4'):\n    a = 1\nprint(a)\n", None),
        ("old = V(v) < V('2.4')\nif old:\n    a = 1\nif old:\n    print(a)\n", None),
        ("if v.startswith('1.'):\n    a = 1\nif v.startswith('1.'):\n    print(a)\n", None),
        ("if v[0] == '2':\n    a = 1\nprint(a)\n", None),
        ("assert v.startswith('2.8')\n", "2.8.0"),
        ("if v == '2.8.0':\n    a = 1\nelif unknown(v):\n    a = 2\nprint(a)\n", None),
    ],
)
def test_which_version_an_order_expects(write: Write, text: str, version: str | None) -> None:
    head = "import tensorflow as tf\nfrom distutils.version import LooseVersion as V\n"
    found = expected(write(head + "v = tf.__version__\n" + text), "2.21.0")
    assert found.version == version and bool(found.places) == (version is not None)


@pytest.mark.parametrize(
    "text, fix",
    [
        (
            "if tf.compat.v1.VERSION == '2.8.0':\n    a = 1\nprint(a)\n",
            "user_module.py:2: no branch is for TensorFlow",
        ),
        (
            "def unknown(v): return False\nif unknown(tf.__version__):\n    a = 1\nprint(a)\n",
            "user_module.py:3: no branch is for TensorFlow",
        ),
        ("if tf.__version__ >= '2.4':\n    a = 1\nprint(a)\n", "compare numbers: tuple(map(int"),
        ("assert float(tf.__version__[:3]) >= 2.4\n", "compare numbers: tuple(map(int"),
        ("print(tf.VERSION)\n", "TensorFlow 2 has it as tf.compat.v1.VERSION"),
        ("print(a)\n", None),
    ],
)
def test_what_cannot_be_shown_another_version_is_explained(
    write: Write, text: str, fix: str | None
) -> None:
    with pytest.raises(UserCodeError) as caught:
        import_classic(write("import tensorflow as tf\n" + text))
    assert fix in str(caught.value.fix) if fix else caught.value.fix is None


def test_versions_in_order_as_text_are_told(write: Write) -> None:
    home = write("import tensorflow as tf\na = 1 if tf.__version__ >= '2.4' else 2\n")
    _, found = import_classic(home)
    (notice,) = notices_of(found)
    assert notice.where == "user_module.py:2" and "comes before 2.3" in notice.text
    assert expected(
        write("import tensorflow as tf\nassert tf.__version__ >= '2.0'\n"), "2.21.0"
    ) == (Expected())


def test_files_that_it_imports_count(write: Write) -> None:
    home = write("from helper import value\n", helper=LADDER)
    assert expected(home, "2.21.0") == Expected("2.8.0", ("helper.py:3",))


def test_only_the_files_themselves_see_another_version(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("library")
    (other / "some_library.py").write_text("import tensorflow as tf\nv = tf.__version__\n")
    monkeypatch.syspath_prepend(str(other))
    truth = tf.__version__
    module, found = import_classic(
        write(LADDER + "import some_library\nfrom tensorflow import __version__ as seen\n"
              "def later():\n    return tf.__version__, tf.version.VERSION\n")
    )  # fmt: skip
    assert found.version == "2.8.0" and module.seen == "2.8.0"
    assert module.later() == ("2.8.0", "2.8.0")
    assert module.value == importlib.import_module("math").pi
    assert module.some_library.v == truth == tf.__version__ == tf.version.VERSION
    sys.modules.pop("some_library")


def test_one_keras_by_all_names(write: Write) -> None:
    module, found = import_classic(
        write(
            """
            import tensorflow.python.keras.backend as K
            from tensorflow.python import keras as old
            from tensorflow.python.keras.layers import Layer
            from tensorflow.python.keras.engine.topology import InputSpec
            from keras.layers import Dense
            import keras
            """
        )
    )
    assert "tensorflow.python.keras.engine.topology" in found.keras and "keras" in found.keras
    assert module.Layer is tf.keras.layers.Layer and module.Dense is tf.keras.layers.Dense
    assert module.InputSpec is tf.keras.layers.InputSpec
    assert module.K is tf.keras.backend or module.K.variable is tf.keras.backend.variable
    assert module.old is tf.keras
    inner = importlib.import_module("tensorflow.python.keras.engine.base_layer_utils")
    assert inner.__name__.startswith("tensorflow.python"), "what TensorFlow itself uses stays"


def test_a_name_that_is_missing_all_the_same_is_explained(write: Write) -> None:
    home = write(LADDER + "if tf.__version__ == '2.2.0':\n    late = 1\nprint(late)\n")
    with pytest.raises(UserCodeError) as caught:
        import_classic(home)
    assert "name 'late' is not defined" in caught.value.trace
    assert "user_module.py:3, user_module.py:10: no branch is for TensorFlow" in str(
        caught.value.fix
    )
