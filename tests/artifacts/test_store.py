from __future__ import annotations

import hashlib
import json
import logging
import pickle
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.artifacts import store
from pipeline.artifacts.store import INDEX, Artifact, Kind, write_index, write_video
from pipeline.runtime import versions
from pipeline.runtime.errors import InputError
from tests.imports import ROOT

KIND = Kind("test", 2, pa.schema([("frame", pa.int32()), ("data", pa.binary())]))
DISTRIBUTIONS = {
    "torch": "torch",
    "opencv": "opencv-python-headless",
    "scikit-image": "scikit-image",
}


class Stored(Artifact):
    KIND = KIND


def rows(*numbers: int, size: int = 10) -> list[dict[str, object]]:
    return [{"frame": n, "data": bytes([n % 256]) * size} for n in numbers]


def write(folder: Path, order: tuple[str, ...] = ("b", "a")) -> Path:
    index = [{"video": v, "rows": write_video(folder, KIND, v, rows(9, 2, 5))} for v in order]
    write_index(folder, KIND, index, {"z": 1, "a": [2, "x"]})
    return folder


def test_round_trip_sorts_rows_and_videos(tmp_path: Path) -> None:
    artifact = Stored(write(tmp_path / "new" / "folder"))
    assert artifact.videos == ["a", "b"]
    assert artifact.index["rows"].tolist() == [3, 3]
    assert artifact.metadata == {"a": [2, "x"], "z": 1}
    assert artifact.frames("b") == [2, 5, 9]
    assert artifact.table("b").column("data").to_pylist() == [
        b"\x02" * 10,
        b"\x05" * 10,
        b"\t" * 10,
    ]
    assert "a" in artifact and "c" not in artifact


def test_no_videos(tmp_path: Path) -> None:
    write_index(tmp_path, KIND, [], {"why": "none"})
    artifact = Stored(tmp_path)
    assert artifact.videos == []
    assert artifact.metadata == {"why": "none"}
    assert list((tmp_path / "videos").iterdir())  # an empty folder is a warning of DVC


def test_video_without_rows(tmp_path: Path) -> None:
    write_index(tmp_path, KIND, [{"video": "a", "rows": write_video(tmp_path, KIND, "a", [])}])
    assert Stored(tmp_path).frames("a") == []


def test_without_index_it_is_not_an_artifact(tmp_path: Path) -> None:
    write_video(tmp_path, KIND, "a", rows(1))
    with pytest.raises(InputError, match=r"not a whole test artifact.*run dvc repro"):
        Stored(tmp_path)


@pytest.mark.parametrize("kind", [Kind("test", 3, KIND.schema), Kind("other", 2, KIND.schema)])
def test_another_kind_or_version_is_refused(tmp_path: Path, kind: Kind) -> None:
    class Other(Artifact):
        KIND = kind

    write(tmp_path)
    with pytest.raises(InputError, match=f"test version 2, expected {kind.name} version"):
        Other(tmp_path)


def test_any_parquet_file_is_not_an_index(tmp_path: Path) -> None:
    pq.write_table(pa.table({"video": ["a"]}), tmp_path / INDEX)
    with pytest.raises(InputError, match="expected test version 2"):
        Stored(tmp_path)


def hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    one, two = hashes(write(tmp_path / "1")), hashes(write(tmp_path / "2", order=("a", "b")))
    assert one == two and sorted(one) == [INDEX, "videos/a.arrow", "videos/b.arrow"]
    write_video(tmp_path / "2", KIND, "a", rows(9, 2, 6))
    assert hashes(tmp_path / "2")["videos/a.arrow"] != one["videos/a.arrow"]


def test_the_index_changes_with_any_file(tmp_path: Path) -> None:
    first = write(tmp_path)
    index = hashes(first)[INDEX]
    digests = dict(zip("ab", Stored(first).index["digest"], strict=True))
    assert digests == {v: hashes(first)[f"videos/{v}.arrow"] for v in "ab"}
    data = (first / "videos/b.arrow").read_bytes()
    (first / "videos/b.arrow").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    write_index(first, KIND, [{"video": v, "rows": 3} for v in "ba"], {"z": 1, "a": [2, "x"]})
    assert hashes(first)[INDEX] != index


def test_a_video_without_a_file_is_not_indexed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        write_index(tmp_path, KIND, [{"video": "missing", "rows": 1}])
    assert not (tmp_path / INDEX).exists()


def test_killed_while_writing_a_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    before = hashes(tmp_path)
    seen: list[list[str]] = []

    def killed(self: Path, target: Path) -> Path:
        seen.append(sorted(hashes(tmp_path)))
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path, KIND, "a", rows(1))
    with pytest.raises(KeyboardInterrupt):
        write_index(tmp_path, KIND, [{"video": "a", "rows": 1}])
    monkeypatch.undo()
    # the new content was whole, under another name, when the old one stood untouched
    assert seen[0] == [
        INDEX,
        *(f"videos/{name}" for name in ("a.arrow", "a.arrow.partial", "b.arrow")),
    ]
    assert {k: v for k, v in hashes(tmp_path).items() if k in before} == before
    assert Stored(tmp_path).frames("a") == [2, 5, 9]


def test_a_partial_file_is_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    data = (tmp_path / "videos/a.arrow").read_bytes()
    (tmp_path / "videos/c.arrow.partial").write_bytes(data)
    artifact = Stored(tmp_path)
    assert "c" not in artifact
    with pytest.raises(InputError, match=r"cannot read .*c\.arrow"):
        artifact.table("c")


@pytest.mark.parametrize("kept", [0, 20, 400])
def test_a_file_cut_off_is_one_clear_line(tmp_path: Path, kept: int) -> None:
    write(tmp_path)
    data = (tmp_path / "videos/a.arrow").read_bytes()
    assert len(data) > 400
    (tmp_path / "videos/a.arrow").write_bytes(data[:kept])
    with pytest.raises(InputError, match=r"a\.arrow.*run dvc repro") as error:
        Stored(tmp_path).table("a")
    assert "\n" not in str(error.value)


def test_reading_one_row_leaves_the_others_on_disk(tmp_path: Path) -> None:
    size = 1 << 20
    write_video(tmp_path, KIND, "a", rows(*range(16), size=size))
    write_index(tmp_path, KIND, [{"video": "a", "rows": 16}])
    artifact = Stored(tmp_path)
    before = pa.total_allocated_bytes()
    table = artifact.table("a")
    value = table.column("data")[7].as_buffer()
    assert value.size == size and value[0] == b"\x07"[0]
    assert pa.total_allocated_bytes() - before < size


def test_a_video_is_opened_once_and_anew_when_it_was_written_anew(tmp_path: Path) -> None:
    artifact = Stored(write(tmp_path))
    assert artifact.table("a") is artifact.table("a")
    write_video(tmp_path, KIND, "a", rows(1, 2))
    assert artifact.frames("a") == [1, 2]


def test_a_new_index_is_seen_at_once_and_each_reader_has_its_own(tmp_path: Path) -> None:
    first = Stored(write(tmp_path))
    first.metadata["a"].append("changed")
    first.index.loc[0, "video"] = "changed"
    assert Stored(tmp_path).metadata["a"] == [2, "x"]
    assert Stored(tmp_path).videos == ["a", "b"]
    write_video(tmp_path, KIND, "c", rows(1))
    write_index(tmp_path, KIND, [{"video": "c", "rows": 1}])
    assert Stored(tmp_path).videos == ["c"]


def test_a_pickled_reader_reads_the_same_wherever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "here" / "artifact")
    write(tmp_path / "there" / "artifact", order=("a",))  # another one of the same name
    monkeypatch.chdir(tmp_path / "here")
    own = Stored(Path("artifact"))
    data = pickle.dumps(own)
    assert b"videos" not in data and len(data) < 500  # a path, not what the index holds
    monkeypatch.chdir(tmp_path / "there")
    again = pickle.loads(data)
    assert type(again) is Stored and again.folder == tmp_path / "here" / "artifact"
    assert again.videos == ["a", "b"] and again.metadata == {"a": [2, "x"], "z": 1}
    assert again.frames("b") == [2, 5, 9] and "b" in again
    assert again.table("b").column("data").to_pylist() == [b"\x02" * 10, b"\x05" * 10, b"\t" * 10]


def test_every_reader_knows_its_kind_and_no_two_share_one() -> None:
    modules = (ROOT / "pipeline" / "artifacts").glob("*.py")
    names = {f"pipeline.artifacts.{path.stem}" for path in modules}
    for name in names:
        import_module(name)
    readers = [reader for reader in Artifact.__subclasses__() if reader.__module__ in names]
    assert len(readers) == 7
    assert len({reader.KIND.name for reader in readers}) == 7


def header(folder: Path) -> dict[str, object]:
    return json.loads(pq.read_schema(folder / INDEX).metadata[b"wsvaas"])


def test_the_index_says_which_versions_of_libraries_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = {name: version(distribution) for name, distribution in DISTRIBUTIONS.items()}
    assert header(write(tmp_path / "own"))["made_with"] == own
    monkeypatch.setattr(versions, "parent_process", lambda: None)
    monkeypatch.setattr(versions, "_warned", set())
    with caplog.at_level(logging.WARNING):
        assert "made_with" not in Stored(tmp_path / "own").metadata
        assert not caplog.messages
        monkeypatch.setattr(store, "library_versions", lambda: own | {"opencv": "1.0"})
        Stored(write(tmp_path / "other"))
    (message,) = caplog.messages
    assert f"{tmp_path / 'other'} was made with opencv 1.0 (here {own['opencv']})" in message
