"""TFRecord files are known by their content, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.backends.data.tfrecords import is_record_file, is_validation, record_files
from nasea.backends.tensorflow.environment import load_tensorflow

tf = load_tensorflow(keras_version=2)


def write(path: Path, *records: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as file:
        for record in records:
            file.write(record)
    return path


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_tensorflow_writes_is_known(tmp_path: Path, content: bytes) -> None:
    assert is_record_file(write(tmp_path / "any-name", content))


@given(st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_other_content_is_not(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "train-00000-of-01024").write_bytes(content)
    assert not is_record_file(tmp_path / "train-00000-of-01024")


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-01024", "validation-00000-of-00128"),
        ("train.tfrecord", "val.tfrecord"),
        ("train/a", "validation/b"),
        ("train-00000-of-00001.tfrecord-1", "val_0"),
    ],
)
def test_usual_names_are_found_and_parted(tmp_path: Path, names: tuple[str, str]) -> None:
    paths = [write(tmp_path / name, b"x") for name in names]
    (tmp_path / "labels.txt").write_text("one\ntwo\n")
    (tmp_path / "empty").touch()
    assert record_files(tmp_path) == sorted(paths)
    assert [is_validation(path, tmp_path) for path in paths] == [False, True]


def test_a_directory_called_val_does_not_make_all_of_it_validation(tmp_path: Path) -> None:
    home = tmp_path / "validated"
    assert not is_validation(write(home / "train-00000-of-00001", b"x"), home)


def test_no_directory_no_files(tmp_path: Path) -> None:
    assert record_files(tmp_path / "nowhere") == []
