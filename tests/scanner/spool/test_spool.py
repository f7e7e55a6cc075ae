"""Reading the spool's file in blocks returns all of its rows."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_scanner.spool import spool
from sre_scanner.spool.rows import THIN
from sre_scanner.spool.spool import Spool


@given(st.lists(st.integers(0, 29)), st.integers(1, 40))
def test_rows_and_columns_are_the_same_for_any_block_size(places: list[int], block: int) -> None:
    rows = np.zeros(30, THIN)
    rows["kind"], rows["tail"][:, 0] = np.arange(30), np.arange(30)
    with closing(Spool()) as kept, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_BLOCK", block)
        where = np.array(places, np.int32)
        assert np.array_equal(kept.pick(rows, where), rows[where])
        assert np.array_equal(kept.column(rows, "tail"), rows["tail"])
        assert np.array_equal(kept.column(rows, "kind"), rows["kind"])
