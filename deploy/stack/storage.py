"""Storage: the bucket of snapshots, the two tables, the secrets, and the bucket of access logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnDeletionPolicy, CfnResource, Fn, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from stack.identity import below
from stack.nag import accept
from stack.parameters import Parameters

STORE, CONFIG, RESULTS = "store", "config", "athena"
"""Prefixes in the bucket: that of SRE_STORE, the organization's own files, and Athena's results,
which are kept for a week."""

_CLOSED = s3.CfnBucket.PublicAccessBlockConfigurationProperty(
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)


@dataclass(frozen=True)
class Storage:
    """The resources with data. ``function_table`` and ``slack_secret`` exist only with Slack."""

    bucket: s3.CfnBucket
    logs: s3.CfnBucket
    table: dynamodb.CfnTable
    function_table: dynamodb.CfnTable
    tokens: secrets.CfnSecret
    slack_secret: secrets.CfnSecret


def storage(scope: Construct, given: Parameters) -> Storage:
    """Creates them. Resources with data are retained when the stack is deleted, so that a mistyped
    command does not delete data."""
    log_bucket = _log_bucket(scope, given)
    bucket = _bucket(scope, given, log_bucket)
    table = _table(scope, "Table", ("pk", "sk"), "expires", given)
    function_table = _table(scope, "SlackTable", ("id",), "expiration", given)
    tokens = secrets.CfnSecret(
        scope,
        "TokensSecret",
        name=Fn.sub("${AWS::StackName}-tokens"),
        description="Access to the server: docs/operations.md.",
        secret_string='{"tokens": []}',  # noqa: S106 - nobody's
    )
    slack_secret = secrets.CfnSecret(
        scope,
        "SlackSecret",
        name=Fn.sub("${AWS::StackName}-slack"),
        description="signing_secrets, server_token, bot_token: docs/slack.md.",
        generate_secret_string=secrets.CfnSecret.GenerateSecretStringProperty(
            secret_string_template="{}",  # noqa: S106 - empty
            generate_string_key="not_set_yet",
        ),
    )
    for one in (slack_secret, function_table):
        one.cfn_options.condition = given.conditions["Slack"]
    for secret in (tokens, slack_secret):
        accept(
            secret,
            "SMG4",
            "What is in it is issued by people (sre-cli tokens new) or by Slack: no function can"
            " rotate it.",
        )
    for kept in (bucket, log_bucket, table):
        _keep(kept, CfnDeletionPolicy.RETAIN)
    # Its name stays taken while it exists: after a failed first deployment it must not block the
    # next one. For the same reason Slack's secret is deleted with Slack, which may be enabled
    # again; its values are in the Slack app.
    _keep(tokens, CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE)
    return Storage(bucket, log_bucket, table, function_table, tokens, slack_secret)


def _keep(one: CfnResource, how: CfnDeletionPolicy) -> None:
    one.cfn_options.deletion_policy = how
    one.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN


def _bucket(scope: Construct, given: Parameters, log_bucket: s3.CfnBucket) -> s3.CfnBucket:
    """Pruning deletes objects; deleted or replaced files can be restored for OldVersionDays."""
    rules: list[Any] = [
        s3.CfnBucket.RuleProperty(
            id="old-versions",
            status="Enabled",
            noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(
                noncurrent_days=_days(given, "OldVersionDays")
            ),
            expired_object_delete_marker=True,
            abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
                days_after_initiation=2
            ),
        ),
        s3.CfnBucket.RuleProperty(
            id="results", status="Enabled", prefix=f"{RESULTS}/", expiration_in_days=7
        ),
        s3.CfnBucket.RuleProperty(
            id="older-nights",
            status="Enabled",
            prefix=f"{STORE}/",
            transitions=[
                s3.CfnBucket.TransitionProperty(
                    storage_class="INTELLIGENT_TIERING", transition_in_days=30
                )
            ],
        ),
    ]
    with_key = {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": given.ref("KmsKeyArn"),
    }
    bucket = s3.CfnBucket(
        scope,
        "Bucket",
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    bucket_key_enabled=True,
                    server_side_encryption_by_default=Fn.condition_if(
                        "HasKey", with_key, {"SSEAlgorithm": "AES256"}
                    ),
                )
            ]
        ),
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=rules),
        public_access_block_configuration=_CLOSED,
        logging_configuration=s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=log_bucket.ref, log_file_prefix="s3/"
        ),
    )
    s3.CfnBucketPolicy(
        scope, "BucketPolicy", bucket=bucket.ref, policy_document=_policy(_tls_only(bucket))
    )
    return bucket


def _log_bucket(scope: Construct, given: Parameters) -> s3.CfnBucket:
    """Access logs of the load balancer and the bucket. Load balancers write only to buckets with
    S3's own encryption."""
    bucket = s3.CfnBucket(
        scope,
        "AccessLogs",
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                        sse_algorithm="AES256"
                    )
                )
            ]
        ),
        lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(
            rules=[
                s3.CfnBucket.RuleProperty(
                    id="old", status="Enabled", expiration_in_days=_days(given, "LogDays")
                )
            ]
        ),
        public_access_block_configuration=_CLOSED,
    )
    ours = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    s3.CfnBucketPolicy(
        scope,
        "AccessLogsPolicy",
        bucket=bucket.ref,
        policy_document=_policy(
            _tls_only(bucket),
            _writes(bucket, "logging.s3.amazonaws.com", "/s3/*", ours),
            _writes(
                bucket,
                "logdelivery.elasticloadbalancing.amazonaws.com",
                "/alb/AWSLogs/${AWS::AccountId}/*",
                {},
            ),
        ),
    )
    return bucket


def _writes(
    bucket: s3.CfnBucket, service: str, path: str, condition: dict[str, Any]
) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": below(bucket.node.id, path),
    } | ({"Condition": condition} if condition else {})


def _tls_only(bucket: s3.CfnBucket) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.attr_arn, below(bucket.node.id, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _table(
    scope: Construct, name: str, keys: tuple[str, ...], expiry: str, given: Parameters
) -> dynamodb.CfnTable:
    kinds = ("HASH", "RANGE")
    with_key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": given.ref("KmsKeyArn")}
    return dynamodb.CfnTable(
        scope,
        name,
        billing_mode="PAY_PER_REQUEST",
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=key, attribute_type="S")
            for key in keys
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=key, key_type=kind)
            for key, kind in zip(keys, kinds, strict=False)
        ],
        time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
            attribute_name=expiry, enabled=True
        ),
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection_enabled=name == "Table",
        sse_specification=Fn.condition_if("HasKey", with_key, {"Ref": "AWS::NoValue"}),
    )


def _days(given: Parameters, name: str) -> int:
    return Token.as_number(given.ref(name))
