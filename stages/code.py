"""Which code each stage reaches: its digest is what dvc.yaml depends on, and no file by name."""

from __future__ import annotations

from pathlib import Path

from pipeline.runtime.code_digest import code_digest, reached_files

ROOT = Path(__file__).resolve().parents[1]

# Code that cannot change a result: an edit there must not rerun a week of training.
CANNOT_CHANGE_A_RESULT = {
    "stages/cli.py": "arguments, reading params.yaml, printing errors",
    "stages/code.py": "says what a stage depends on",
    "stages/schema.py": "refuses wrong parameters before work; right ones pass unchanged",
    "pipeline/runtime/code_digest.py": "says what a stage depends on",
    "pipeline/runtime/errors.py": "the class of an exception",
    "pipeline/runtime/params.py": "types and error texts; values are what params.yaml says",
    "pipeline/runtime/parallel.py": "where the map over videos runs; order and results are fixed",
    "pipeline/runtime/machine.py": "where the work runs; `precision` is a parameter of its own",
    "pipeline/runtime/progress.py": "progress bars",
    "pipeline/runtime/curves.py": "training curves for the eye; the values stand in history.json",
    "pipeline/runtime/resume.py": "continues a killed training to the same weights",
    "pipeline/runtime/versions.py": "versions of libraries, for the record",
}


def stage_names(root: Path = ROOT) -> list[str]:
    """The modules that are stages: those with a ``run`` of their own, sorted."""
    files = sorted((root / "stages").glob("*.py"))
    return [path.stem for path in files if path.read_text().endswith("    cli.run(run)\n")]


def stage_digest(stage: str, root: Path = ROOT) -> str:
    """Digest of all code that can change the results of a stage."""
    return code_digest(root, stage_files(stage, root))


def stage_files(stage: str, root: Path = ROOT) -> set[str]:
    """The files that :func:`stage_digest` is of, relative to ``root``."""
    return reached_files(root, f"stages/{stage}.py", CANNOT_CHANGE_A_RESULT)
