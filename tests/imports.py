"""Which files of this project a module imports, transitively, read from the source."""

from __future__ import annotations

from pathlib import Path

from pipeline.runtime.code_digest import imported_files

ROOT = Path(__file__).resolve().parents[1]


def direct_imports(path: str) -> set[str]:
    """Files of this project that one file imports; packages' own empty files are left out."""
    return {
        used for used in imported_files(ROOT, path) if used.split("/")[0] in ("pipeline", "stages")
    }
