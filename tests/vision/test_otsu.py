import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.vision.otsu import BinariseParams, otsu_mask


def brute_force(values: np.ndarray) -> np.ndarray:
    """Mask of Otsu's division, by trying every division of the sorted values."""
    ordered = np.unique(values)
    cost = [
        values[values <= t].var() * (values <= t).sum()
        + values[values > t].var() * (values > t).sum()
        for t in ordered[:-1]
    ]
    return values > ordered[int(np.argmin(cost))]


# Three levels: 0 (background), 0.5 (halo) and 1 (core).
LEVELS = np.array(
    [
        [0.0, 0.0, 0.0, 0.08, 0.0, 0.0],
        [0.0, 0.5, 0.5, 0.6, 0.5, 0.0],
        [0.0, 0.5, 1.0, 0.9, 0.5, 0.08],
        [0.0, 0.6, 1.0, 1.0, 0.5, 0.0],
        [0.0, 0.5, 0.5, 0.5, 0.4, 0.0],
        [0.0, 0.0, 0.08, 0.0, 0.0, 0.0],
    ]
)


def test_once_takes_halo_and_core() -> None:
    expected = LEVELS >= 0.4
    assert (brute_force(LEVELS) == expected).all()
    assert (otsu_mask(LEVELS, "otsu") == expected).all()


def test_twice_takes_the_core_only() -> None:
    assert (otsu_mask(LEVELS, "otsu_twice") == (LEVELS >= 0.9)).all()


def test_agrees_with_brute_force_on_a_smooth_map() -> None:
    rng = np.random.default_rng(3)
    # On the centres of 256 equal bins the histogram loses nothing, so both must agree.
    attention = np.round(rng.beta(0.6, 2.0, (12, 16)) * 255) / 255
    attention[0, 0], attention[0, 1] = 0.0, 1.0
    assert (otsu_mask(attention, "otsu") == brute_force(attention)).all()


def test_fixed_is_strictly_above() -> None:
    attention = np.array([[0.2, 0.5, 0.51], [0.9, 0.49, 0.0]])
    expected = np.array([[False, False, True], [True, False, False]])
    assert (otsu_mask(attention, "fixed", threshold=0.5) == expected).all()


@pytest.mark.parametrize("variant", ["otsu", "otsu_twice"])
@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_constant_map_gives_nothing(variant: str, value: float) -> None:
    assert not otsu_mask(np.full((4, 5), value), variant).any()


def test_two_values_survive_twice() -> None:
    attention = np.zeros((4, 5))
    attention[1, 2:4] = 1.0
    assert (otsu_mask(attention, "otsu_twice") == (attention == 1)).all()


def test_refuses() -> None:
    with pytest.raises(ValueError, match=r"H W, received shape \(2, 3, 4\)"):
        otsu_mask(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="finite"):
        otsu_mask(np.array([[0.0, np.nan]]), "fixed")
    with pytest.raises(ValidationError):
        BinariseParams(variant="fixed", threshold=1.5)
