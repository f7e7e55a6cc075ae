"""The snapshots in Athena: a Glue database with a table for each of ours, and a workgroup that
limits queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import Fn
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from sre_findings.store.snapshots.keys import table_folder
from stack.identity import Statement
from stack.storage import RESULTS, STORE, Storage

TABLES = (
    "ages",
    "cells",
    "closed",
    "coverage",
    "details",
    "events",
    "findings",
    "names",
    "packages",
    "resources",
    "states",
    "vulnerabilities",
)
"""The tables of a snapshot. A scan updates their columns, which belong to its version and not to
this template."""
MOST_BYTES = 10 * 2**30


@dataclass(frozen=True)
class Catalog:
    """The database and the workgroup. ``engine`` is the value of SRE_ENGINE with which a scan adds
    its partitions after its commit."""

    database: glue.CfnDatabase
    workgroup: athena.CfnWorkGroup

    @property
    def engine(self) -> dict[str, Any]:
        """The engine, by its database and workgroup."""
        return {"Fn::Sub": "athena://${Database}/${WorkGroup}"}

    def publishes(self) -> Statement:
        """The permissions with which a scan updates the tables."""
        arn = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
        return {
            "Action": [
                "glue:BatchCreatePartition",
                "glue:BatchDeletePartition",
                "glue:BatchGetPartition",
                "glue:CreateTable",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:UpdateTable",
            ],
            "Resource": [
                {"Fn::Sub": f"{arn}catalog"},
                {"Fn::Sub": arn + "database/${Database}"},
                {"Fn::Sub": arn + "table/${Database}/*"},
            ],
        }


def catalog(scope: Construct, kept: Storage) -> Catalog:
    """Tables without partitions: a scan adds one after its snapshot is committed, so that Athena
    sees no unfinished snapshot."""
    database = glue.CfnDatabase(
        scope,
        "Database",
        catalog_id=Fn.ref("AWS::AccountId"),
        database_input=glue.CfnDatabase.DatabaseInputProperty(),
    )
    for name in TABLES:
        _table(scope, database, name)
    results = athena.CfnWorkGroup.ResultConfigurationProperty(
        output_location=Fn.sub("s3://${Bucket}/" + RESULTS + "/"),
        encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_S3"
        ),
    )
    workgroup = athena.CfnWorkGroup(
        scope,
        "WorkGroup",
        name=Fn.sub("${AWS::StackName}"),
        recursive_delete_option=True,
        work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
            bytes_scanned_cutoff_per_query=MOST_BYTES,
            enforce_work_group_configuration=True,
            publish_cloud_watch_metrics_enabled=True,
            result_configuration=results,
        ),
    )
    return Catalog(database, workgroup)


def _table(scope: Construct, database: glue.CfnDatabase, name: str) -> None:
    glue.CfnTable(
        scope,
        f"{name.title()}Table",
        catalog_id=Fn.ref("AWS::AccountId"),
        database_name=database.ref,
        table_input=glue.CfnTable.TableInputProperty(
            name=name,
            partition_keys=[glue.CfnTable.ColumnProperty(name="snapshot_id", type="string")],
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                location=Fn.sub("s3://${Bucket}/" + f"{STORE}/{table_folder(name)}"),
            ),
        ),
    )
