"""Which code each stage reaches: its digest is what dvc.yaml depends on, and no file by name."""

from __future__ import annotations

from pathlib import Path

from pipeline.runtime.code_digest import code_digest, reached_files, table_entries

ROOT = Path(__file__).resolve().parents[1]

# Code that cannot change a result: an edit there must not rerun a week of training.
CANNOT_CHANGE_A_RESULT = {
    "stages/cli.py": "opens what dvc.yaml names, checks the digest, prints errors",
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


# Files of the list above that are the very work of a stage, so that its digest includes them.
OWN_WORK = {
    "check_parameters": {
        "stages/schema.py",
        "pipeline/runtime/params.py",
        "pipeline/runtime/machine.py",
    }
}

# Stages that run one part of a table (its file and name) depend on the code of that part alone.
TABLES = {"compute_cues": ("pipeline/cues/table.py", "CUES")}


def stage_names(root: Path = ROOT) -> list[str]:
    """The modules that are stages: those with a ``run`` of their own, sorted."""
    files = sorted((root / "stages").glob("*.py"))
    return [path.stem for path in files if path.read_text().endswith("    cli.run(run)\n")]


def stage_digest(stage: str, part: str | None = None, root: Path = ROOT) -> str:
    """Digest of all code that can change the results of a stage.

    Args:
        stage: its name.
        part: the one that it takes of its table, for a stage of ``TABLES``.
        root: the tree.
    """
    entry = table_entries(root, *TABLES[stage])[str(part)].code if stage in TABLES else ""
    return code_digest(root, stage_files(stage, part, root), entry)


def digests(stage: str, root: Path = ROOT) -> str | dict[str, str]:
    """:func:`stage_digest`; of every part of its table, for a stage that has one."""
    if stage not in TABLES:
        return stage_digest(stage, None, root)
    parts = table_entries(root, *TABLES[stage])
    return {part: stage_digest(stage, part, root) for part in parts}


def stage_files(stage: str, part: str | None = None, root: Path = ROOT) -> set[str]:
    """The files that :func:`stage_digest` is of, relative to ``root``."""
    left_out = {*CANNOT_CHANGE_A_RESULT} - OWN_WORK.get(stage, set())
    own = f"stages/{stage}.py"
    if part is None:
        return reached_files(root, own, left_out)
    table, name = TABLES[stage]
    found = reached_files(root, own, left_out | {table})
    for path in table_entries(root, table, name)[part].files:
        found |= reached_files(root, path, left_out | {table})
    return found
