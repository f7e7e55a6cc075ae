"""A scan does not import pandas, and pandas still works."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from sre_scanner.memory import reduce_memory
import pyarrow as pa
reduce_memory()
table = pa.table({"a": pa.array([1, None]), "b": pa.array(["x", "y"])})
assert "pandas" not in sys.modules
import pandas
assert list(table.to_pandas().columns) == ["a", "b"]
assert pa.array(pandas.Series([1, 2])).to_pylist() == [1, 2]
"""


def test_arrow_works_without_importing_pandas_and_still_makes_frames() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", CODE], check=True)
