"""The scheduled task: plan, read every page of each shard, write sorted Parquet, certify, commit,
roll up."""
