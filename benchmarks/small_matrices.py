"""How many threads OpenBLAS should have: the colour mixtures of a shot, fitted twice.

    python -m benchmarks.small_matrices [--beside]

In each step of a mixture it solves systems of 3 x 3. Each setting is measured in processes of its
own, which take turns; figures are the least of their medians, and ratios to OpenBLAS's own choice,
a thread a core. ``stages/__init__.py`` has the one that the stages use.
"""

from __future__ import annotations

import numpy as np

from benchmarks.relation_step import medians
from benchmarks.waiting_threads import in_turns, parser_of, table

MODULE = "benchmarks.small_matrices"
SETTINGS: dict[str, dict[str, str]] = {
    "a thread a core": {},
    "1": {"OPENBLAS_NUM_THREADS": "1"},
}
FRAMES, HEIGHT, WIDTH = 10, 76, 128  # of a batch of `mcnn` on DAVIS
COMPONENTS, SAMPLES = 5, 500


def fit_seconds(repeats: int) -> float:
    """Median time of the two fits in this process, of noise with a darker rectangle."""
    from pipeline.vision.colour_mixtures import ShotMixtures

    images = np.random.default_rng(0).integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), dtype=np.uint8)
    foreground = np.zeros(images.shape[:3], bool)
    foreground[:, 20:42, 30:62] = True
    images[foreground] //= 3

    def fits() -> None:
        mixtures = ShotMixtures(images, COMPONENTS, SAMPLES)
        for _ in range(2):
            mixtures.fit(foreground, np.ones_like(foreground))

    fits()
    return medians({"fits": fits}, repeats)["fits"]


def main() -> None:
    """Measure both settings in turns and print the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.alone:
        print(fit_seconds(arguments.repeats))
        return
    passed = ["--repeats", str(arguments.repeats)]
    seconds = in_turns(MODULE, passed, SETTINGS, arguments.rounds, arguments.beside)
    print(table("threads", seconds))


if __name__ == "__main__":
    main()
