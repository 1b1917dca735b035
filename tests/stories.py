"""Copies of the project in which DVC runs the whole DAG, on few videos and in few steps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from conf.compose import composed
from stages.schema import check_all
from tests.imports import ROOT

SHORT = ["epochs=1", "steps=3", "batch=4"]
TINY = [
    *("dataset=demo", "machine=cpu", "machine.jobs=1", "machine.threads=1"),
    *("++make_demo.train=12", "++make_demo.test=4", "++make_demo.without_actor=2"),
    *("++make_demo.frames=10", "++make_demo.annotate_every=5", "dataset.validation=0.25"),
    *("make_demo.absent=0.25", "make_demo.away=[2,4]"),  # few test frames: most show an actor
    *("prepare_frames.key_frames=2", "compute_superpixels.slic.segments=40"),
    *(f"finetune_classifier.actor.fit.{s}" for s in SHORT),
    *(f"finetune_classifier.action.fit.{s}" for s in SHORT),
    "finetune_classifier.action.clip.frames=8",
    *(f"select_pa.discriminator.fit.{s}" for s in SHORT),
    *("train_segmenter.fit.epochs=2", "train_segmenter.fit.steps=2", "train_segmenter.fit.batch=2"),
    *("train_segmenter.augment.crop=[48,64]", "train_segmenter.ric.frames=1", "report.videos=2"),
]
TWO = [*TINY, "versions=two"]
CHANGED = [*TWO, "select_pa.selection.rule=full"]
STOPPED = [*TINY, "versions=three", "check_convergence.tolerance=1000"]
VSCR = [*TINY, "recipe=vscr", "versions=two"]
NO_STOP = [*TINY, "versions=three", "check_convergence.tolerance=null"]
OBJECTS = [
    *(o for o in TINY if o != "dataset=demo" and not o.startswith("finetune_classifier")),
    *("dataset=demo_objects", "make_demo.stills=6"),
]
MCNN = [
    *("recipe=mcnn", *OBJECTS, "versions=three", "select_pa.selection.motion.run=4"),
    *(f"finetune_classifier.actor.fit.{s}" for s in SHORT),
    "train_segmenter.still_images={share: 0.5}",
]
FRAME_TO_FRAME = [
    *("recipe=frame_to_frame", *OBJECTS, "versions=two", "cues.aggregated_actor.frames=2"),
    *(f"finetune_classifier.actor.fit.{s}" for s in ("epochs=1", "steps=12", "batch=8")),
    "cues.aggregated_actor.label_filter.tau=0.3",  # a classifier of twelve steps is sure of nothing
]


MORE_PICTURES = [*TWO, "report.videos=3"]
FUTURE = "from __future__ import annotations\n"


class Project:
    """A fresh copy of the project's files, without any artifact."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True)
        for name in listed.stdout.split("\0"):
            source = ROOT / name
            if name not in ("", "dvc.lock", "params.yaml") and source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
        nobody = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "copy"]):
            subprocess.run(["git", *nobody, *command], cwd=folder, check=True)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "site"),
            "OMP_NUM_THREADS": "1",
        }

    def repro(self, params: dict[str, Any]) -> set[str]:
        """Bring everything up to date; the stages that were run, but for the one that always is."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))
        done = self.dvc("repro")
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return set(re.findall(r"Running stage '([^']+)'", done.stdout)) - {"fingerprint_code"}

    def refusal(self, stage: str, params: dict[str, Any]) -> list[str]:
        """What a stage says that is run alone, and that fails."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))
        done = self.dvc("repro", "-s", stage)
        assert done.returncode != 0 and f"Running stage '{stage}'" in done.stdout
        return done.stderr.splitlines()

    def dvc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )

    def reword(self) -> int:
        """Edit comments and docstrings of all code; the number of files that were changed."""
        changed = 0
        for room in ("pipeline", "stages", "conf"):
            for path in (self.folder / room).rglob("*.py"):
                text = path.read_text()
                new = text.replace('"""', '"""In other words: ', 1)
                new = new.replace(FUTURE, f"{FUTURE}# a remark\n'a bare string'\n")
                path.write_text(new)
                changed += new != text
        return changed

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def hashes(self) -> dict[str, dict[str, str]]:
        """Content of the outs of every stage, as DVC has locked it."""
        lock = yaml.safe_load((self.folder / "dvc.lock").read_text())
        return {
            stage: {out["path"]: out["md5"] for out in content["outs"]}
            for stage, content in lock["stages"].items()
            if stage != "fingerprint_code"
        }

    def state(self, *params: dict[str, Any]) -> State:
        """Run with one set of parameters after the other, and what is there after the last."""
        ran = [self.repro(p) for p in params]
        return State(ran, self.hashes(), self.json("metrics/summary.json"))


class State(NamedTuple):
    """The stages of each run, the hashes of all outs and the summary after the last one."""

    ran: list[set[str]]
    hashes: dict[str, dict[str, str]]
    summary: dict[str, Any]


class Story(NamedTuple):
    """What happened to one copy of the project; what a stage said that was to fail."""

    folder: Path
    states: list[State]
    refusal: list[str]


class Stories(NamedTuple):
    """Two copies of one pipeline, and one for the recipes of objects."""

    two: Story
    stopped: Story
    objects: Story


def tell_stories(tmp_path_factory: pytest.TempPathFactory) -> Stories:
    """Fresh copies, each changed as the tests need it, at the same time."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git clone of the project, to copy its tracked files")
    names = ("two", "stopped", "objects")
    two, stopped, objects = (Project(tmp_path_factory.mktemp(name)) for name in names)
    first, changed, stop, no_stop = (composed(o) for o in (TWO, CHANGED, STOPPED, NO_STOP))
    more = composed(MORE_PICTURES)
    recipes = [composed(o) for o in (MCNN, FRAME_TO_FRAME)]
    relations = composed(VSCR)
    for params in (first, changed, stop, no_stop, more, relations, *recipes):
        check_all(params)

    refusal: list[str] = []

    def tell_two() -> list[State]:
        states = [two.state(p) for p in (first, first, changed, first)]
        assert two.reword() > 150
        states.append(two.state(first))
        report = two.folder / "stages/report.py"
        text = report.read_text()
        report.write_text(text.replace('"evolution.png"', '"pictures.png"'))
        refusal.extend(two.refusal("report", more))
        report.write_text(text)
        return [*states, two.state(relations)]

    def tell_stopped() -> list[State]:
        states = [stopped.state(stop)]
        shutil.copytree(stopped.folder / "models/segmenter/v2", stopped.folder / "kept/model")
        shutil.copytree(stopped.folder / "data/pa/v2", stopped.folder / "kept/pa")
        return [*states, stopped.state(no_stop)]

    def tell_objects() -> list[State]:
        return [objects.state(p) for p in recipes]

    with ThreadPoolExecutor(3) as pool:
        a, b, c = (pool.submit(tell) for tell in (tell_two, tell_stopped, tell_objects))
        return Stories(
            Story(two.folder, a.result(), refusal),
            Story(stopped.folder, b.result(), []),
            Story(objects.folder, c.result(), []),
        )
