import pytest

from pipeline.runtime.progress import progress


def test_items_pass_unchanged_and_a_log_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress((i * i for i in range(4)), "squares", total=4)) == [0, 1, 4, 9]
    assert capsys.readouterr() == ("", "")  # not a terminal: no bar
