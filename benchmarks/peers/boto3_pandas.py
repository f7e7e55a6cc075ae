"""The peer that most people would write: boto3's paginator, a list, pandas, Parquet."""

from __future__ import annotations

import sys

import boto3
import pandas as pd

client = boto3.client("inspector2", region_name="eu-west-1")
findings = [
    finding
    for page in client.get_paginator("list_findings").paginate(PaginationConfig={"PageSize": 100})
    for finding in page["findings"]
]
pd.DataFrame(findings).to_parquet(sys.argv[1])
