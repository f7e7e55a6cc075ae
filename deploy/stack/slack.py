"""Slack commands: an HTTP API, the function built by make zip, and a queue of requests that it
could not answer."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aws_cdk import CfnResource, Fn, Token
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stack.identity import allow, trust, when
from stack.nag import accept
from stack.network import Network
from stack.parameters import Parameters
from stack.schedules import queue
from stack.storage import Storage

_LINE = {
    "at": "$context.requestTime",
    "id": "$context.requestId",
    "status": "$context.status",
    "ip": "$context.identity.sourceIp",
    "error": "$context.integrationErrorMessage",
}
_NETWORK = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


@dataclass(frozen=True)
class Slack:
    """The resources for Slack, which exist only with SlackEnabled."""

    api: api.CfnApi
    function: functions.CfnFunction
    lost: sqs.CfnQueue


def slack(scope: Construct, given: Parameters, kept: Storage, net: Network) -> Slack:
    """Only POST /slack leads to the function, which rejects requests that are not signed by
    Slack."""
    lost = queue(scope, "SlackDeadLetters")
    days = Token.as_number(given.ref("LogDays"))
    log = logs.CfnLogGroup(scope, "SlackLog", retention_in_days=days)
    role, policy = _role(scope, given, kept, log, lost)
    function = _function(scope, given, net, role, log, lost)
    resources = _api(scope, function, days)
    made: list[CfnResource] = [log, role, policy, function, *resources, lost]
    for one in made:
        one.cfn_options.condition = given.conditions["Slack"]
    return Slack(resources[0], function, lost)


def _api(
    scope: Construct, function: functions.CfnFunction, log_days: float
) -> tuple[api.CfnApi, *tuple[CfnResource, ...]]:
    """The API, its only route to the function, and its log of calls; the API first."""
    gateway = api.CfnApi(
        scope, "SlackApi", name=Fn.sub("${AWS::StackName}-slack"), protocol_type="HTTP"
    )
    calls = logs.CfnLogGroup(scope, "SlackApiLog", retention_in_days=log_days)
    integration = api.CfnIntegration(
        scope,
        "SlackIntegration",
        api_id=gateway.ref,
        integration_type="AWS_PROXY",
        integration_uri=function.attr_arn,
        payload_format_version="2.0",
    )
    route = api.CfnRoute(
        scope,
        "SlackRoute",
        api_id=gateway.ref,
        route_key="POST /slack",
        target=f"integrations/{integration.ref}",
    )
    accept(
        route,
        "APIG4",
        "Slack signs its requests, and the function checks that: an authorizer would see the body"
        " too late.",
    )
    stage, allowed = _stage(scope, gateway, calls), _invocation(scope, function)
    return gateway, calls, integration, route, stage, allowed


def _stage(scope: Construct, gateway: api.CfnApi, calls: logs.CfnLogGroup) -> api.CfnStage:
    form = json.dumps(_LINE, separators=(",", ":"))
    return api.CfnStage(
        scope,
        "SlackStage",
        api_id=gateway.ref,
        stage_name="$default",
        auto_deploy=True,
        access_log_settings=api.CfnStage.AccessLogSettingsProperty(
            destination_arn=calls.attr_arn, format=form
        ),
        default_route_settings=api.CfnStage.RouteSettingsProperty(
            throttling_burst_limit=50, throttling_rate_limit=20
        ),
    )


def _invocation(scope: Construct, function: functions.CfnFunction) -> functions.CfnPermission:
    """The permission of the API to invoke the function."""
    return functions.CfnPermission(
        scope,
        "SlackInvocation",
        action="lambda:InvokeFunction",
        function_name=function.ref,
        principal="apigateway.amazonaws.com",
        source_arn=Fn.sub(
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SlackApi}/*/POST/slack"
        ),
    )


def _role(
    scope: Construct, given: Parameters, kept: Storage, log: logs.CfnLogGroup, lost: sqs.CfnQueue
) -> tuple[iam.CfnRole, iam.CfnPolicy]:
    """The role and, separately, its permission to invoke the function itself, because the function
    needs the role first."""
    table = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    role = iam.CfnRole(
        scope,
        "SlackRole",
        assume_role_policy_document=trust("lambda.amazonaws.com"),
        policies=[
            allow(
                "work",
                [
                    {
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": log.attr_arn,
                    },
                    {"Action": _NETWORK, "Resource": "*"},
                    {"Action": table, "Resource": kept.function_table.attr_arn},
                    {"Action": "secretsmanager:GetSecretValue", "Resource": kept.slack_secret.ref},
                    {"Action": "sqs:SendMessage", "Resource": lost.attr_arn},
                    when(
                        "HasKey",
                        {
                            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                            "Resource": given.ref("KmsKeyArn"),
                        },
                    ),
                ],
            )
        ],
    )
    accept(
        role,
        "IAM5[Resource::*]",
        "Lambda makes and removes its network interfaces with these; AWS allows them on * only.",
    )
    policy = iam.CfnPolicy(
        scope,
        "SlackInvokesItself",
        policy_name="invoke-itself",
        roles=[role.ref],
        policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "lambda:InvokeFunction",
                    "Resource": {"Fn::GetAtt": ["SlackFunction", "Arn"]},
                }
            ],
        },
    )
    return role, policy


def _function(
    scope: Construct,
    given: Parameters,
    net: Network,
    role: iam.CfnRole,
    log: logs.CfnLogGroup,
    lost: sqs.CfnQueue,
) -> functions.CfnFunction:
    settings = {
        "SRE_SERVER": Fn.sub("https://${HostName}/mcp"),
        "SRE_PUBLIC_URL": Fn.sub("https://${HostName}"),
        "SRE_SLACK_SECRET_ID": Fn.ref("SlackSecret"),
        "SRE_SLACK_TABLE": Fn.ref("SlackTable"),
        "SRE_SLACK_GROUPS": given["SlackGroups"],
    }
    made = functions.CfnFunction(
        scope,
        "SlackFunction",
        code=functions.CfnFunction.CodeProperty(
            s3_bucket=given["LambdaCodeBucket"], s3_key=given["LambdaCodeKey"]
        ),
        handler="sre_slack.handler.handle",
        runtime=given["LambdaRuntime"],
        architectures=["arm64"],
        memory_size=512,
        timeout=60,
        role=role.attr_arn,
        environment=functions.CfnFunction.EnvironmentProperty(variables=settings),
        dead_letter_config=functions.CfnFunction.DeadLetterConfigProperty(target_arn=lost.attr_arn),
        vpc_config=functions.CfnFunction.VpcConfigProperty(
            subnet_ids=net.subnets, security_group_ids=[net.function.attr_group_id]
        ),
        logging_config=functions.CfnFunction.LoggingConfigProperty(log_group=log.ref),
    )
    accept(
        made,
        "L1",
        "The runtime is the parameter LambdaRuntime: that of the Python that built the zip.",
    )
    return made
