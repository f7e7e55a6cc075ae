"""Metrics from JSON log lines, the alarms on them, and the topic for alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aws_cdk import CfnResource, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stack.parameters import Parameters
from stack.schedules import timed
from stack.server import Server
from stack.slack import Slack
from stack.tasks import Tasks

# a namespace per stack, so that two stacks of an account do not mix their metrics
NAMESPACE = "${AWS::StackName}"
HOUR, DAY = 3600, 86_400
LATE = timedelta(hours=26)  # for a job that runs every night: a day, and two hours for its work
MANY_THROTTLES = 100


@dataclass(frozen=True)
class LogMetric:
    """A metric of log lines: those that match ``pattern`` count ``value``."""

    metric: str
    log: str
    pattern: str
    value: str = "1"


LOG_METRICS = (
    LogMetric("ScansFailed", "Scan", '{ $.event = "failed" }'),
    LogMetric("ScanThrottles", "Scan", '{ $.event = "committed" }', "$.totals.throttles"),
    LogMetric("SnapshotAgeHours", "Job", '{ $.event = "age" && $.hours >= 0 }', "$.hours"),
    LogMetric("PartialNights", "Job", '{ $.event = "age" }', "$.partial_nights"),
    LogMetric("DigestsSent", "Job", '{ $.event = "done" && $.schedule = "digest" }'),
)


@dataclass(frozen=True)
class Threshold:
    """The condition of an alarm: in each of ``periods`` periods, the statistic compares with the
    limit in this way."""

    statistic: str
    comparison: str
    limit: float
    seconds: int
    periods: int = 1
    missing: str = "notBreaching"


def alarms(
    scope: Construct,
    given: Parameters,
    tasks: Tasks,
    server: Server,
    slack: Slack,
    lost: sqs.CfnQueue,
) -> sns.CfnTopic:
    """Every alarm of the stack; docs/runbook.md has an entry for each."""
    for one in LOG_METRICS:
        _filter(scope, tasks, one)
    topic = _topic(scope, given)
    _killed(scope, tasks, topic)
    made = _Alarms(scope, topic)
    made.on_nights()
    digest = made.on_digest()
    made.on_server(server)
    made.on_queue("ScheduleNotStarted", "A schedule started no task.", lost)
    of_slack = [
        digest,
        made.on_api(slack),
        made.on_queue("SlackNotAnswered", "A Slack request was never answered.", slack.lost),
    ]
    for one in of_slack:
        one.cfn_options.condition = given.conditions["Slack"]
    return topic


def _filter(scope: Construct, tasks: Tasks, one: LogMetric) -> None:
    logs.CfnMetricFilter(
        scope,
        f"{one.metric}Filter",
        log_group_name=tasks.logs[one.log].ref,
        filter_pattern=one.pattern,
        metric_transformations=[
            logs.CfnMetricFilter.MetricTransformationProperty(
                metric_namespace=Fn.ref("AWS::StackName"),
                metric_name=one.metric,
                metric_value=one.value,
            )
        ],
    )


def _topic(scope: Construct, given: Parameters) -> sns.CfnTopic:
    topic = sns.CfnTopic(scope, "AlarmTopic", topic_name=Fn.sub("${AWS::StackName}-alarms"))
    mail = sns.CfnSubscription(
        scope, "AlarmMail", topic_arn=topic.ref, protocol="email", endpoint=given["AlarmEmail"]
    )
    mail.cfn_options.condition = given.conditions["HasEmail"]
    ours = {
        "ArnLike": {
            "aws:SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:*:${AWS::Region}:${AWS::AccountId}:*"
            }
        }
    }
    alarm = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.ref,
        "Condition": ours,
    }
    # EventBridge supports no conditions in a topic's policy (its user guide, "Amazon SNS
    # permissions"): it would not publish.
    notice = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.ref,
    }
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic.ref,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    sns.CfnTopicPolicy(
        scope,
        "AlarmTopicPolicy",
        topics=[topic.ref],
        policy_document={"Version": "2012-10-17", "Statement": [alarm, notice, plain]},
    )
    return topic


def _killed(scope: Construct, tasks: Tasks, topic: sns.CfnTopic) -> None:
    """A container that is killed, for example for lack of memory, logs nothing: the event comes
    from ECS."""
    events.CfnRule(
        scope,
        "TaskKilled",
        description="A task was killed",
        event_pattern={
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {
                "clusterArn": [tasks.cluster.attr_arn],
                "lastStatus": ["STOPPED"],
                "containers": {"exitCode": [{"anything-but": [0, 3, 4, 130, 143]}]},
            },
        },
        targets=[events.CfnRule.TargetProperty(arn=topic.ref, id="topic")],
    )


class _Alarms:
    def __init__(self, scope: Construct, topic: sns.CfnTopic) -> None:
        self._scope, self._topic = scope, topic

    def on_nights(self) -> None:
        """Alarms on scans and on the age of snapshots."""
        late, breaching = LATE.total_seconds() / HOUR, "breaching"
        self._own_metric(
            "NoCompleteSnapshot",
            "No complete snapshot for 26 hours, or its age is unknown.",
            "SnapshotAgeHours",
            Threshold("Maximum", "GreaterThanThreshold", late, HOUR, missing=breaching),
        )
        self._own_metric(
            "ScanFailed", "A scan could read or store nothing.", "ScansFailed", _some(300)
        )
        self._own_metric(
            "ScanPartialTwice",
            "No complete scan for two nights in a row.",
            "PartialNights",
            Threshold("Maximum", "GreaterThanOrEqualToThreshold", 2, HOUR),
        )
        self._own_metric(
            "ScanThrottled",
            f"Inspector throttled a scan {MANY_THROTTLES} times or more.",
            "ScanThrottles",
            Threshold("Maximum", "GreaterThanOrEqualToThreshold", MANY_THROTTLES, 300),
        )

    def on_digest(self) -> CfnResource:
        """Alarms if no digest was sent two hours after its schedule fired."""
        [digest] = [one for one in timed() if one.schedule.name == "digest"]
        hours = int((digest.gap + LATE - timedelta(days=1)).total_seconds()) // HOUR
        return self._own_metric(
            "DigestNotSent",
            f"No digest was sent for {hours} hours.",
            "DigestsSent",
            Threshold("Sum", "LessThanThreshold", 1, HOUR, hours, "breaching"),
        )

    def on_server(self, server: Server) -> None:
        """Responses with status 500 or higher, from the server or from the load balancer in its
        place."""
        where = {"LoadBalancer": server.balancer.attr_load_balancer_full_name}
        several = Threshold("Sum", "GreaterThanOrEqualToThreshold", 5, 300)
        for name, what, metric in (
            ("ServerErrors", "The server returns 5xx.", "HTTPCode_Target_5XX_Count"),
            (
                "LoadBalancerErrors",
                "The load balancer returns 5xx, not the server.",
                "HTTPCode_ELB_5XX_Count",
            ),
        ):
            self._aws_metric(name, what, "AWS/ApplicationELB", metric, where, several)

    def on_api(self, slack: Slack) -> CfnResource:
        """Requests from Slack without a response."""
        return self._aws_metric(
            "SlackErrors",
            "Slack's requests get 5xx.",
            "AWS/ApiGateway",
            "5xx",
            {"ApiId": slack.api.ref},
            _some(300),
        )

    def on_queue(self, name: str, what: str, queue: sqs.CfnQueue) -> CfnResource:
        """Messages in a dead-letter queue."""
        threshold = Threshold("Maximum", "GreaterThanOrEqualToThreshold", 1, 300)
        where = {"QueueName": queue.attr_queue_name}
        return self._aws_metric(
            name, what, "AWS/SQS", "ApproximateNumberOfMessagesVisible", where, threshold
        )

    def _own_metric(self, name: str, what: str, metric: str, threshold: Threshold) -> CfnResource:
        return self._aws_metric(name, what, Fn.ref("AWS::StackName"), metric, {}, threshold)

    def _aws_metric(
        self,
        name: str,
        what: str,
        namespace: str,
        metric: str,
        where: dict[str, str],
        threshold: Threshold,
    ) -> CfnResource:
        dimensions = [
            cloudwatch.CfnAlarm.DimensionProperty(name=key, value=value)
            for key, value in where.items()
        ]
        return cloudwatch.CfnAlarm(
            self._scope,
            name,
            alarm_description=f"{what} docs/runbook.md#{name.lower()}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions or None,
            statistic=threshold.statistic,
            period=threshold.seconds,
            comparison_operator=threshold.comparison,
            threshold=threshold.limit,
            evaluation_periods=threshold.periods,
            treat_missing_data=threshold.missing,
            alarm_actions=[self._topic.ref],
        )


def _some(seconds: int) -> Threshold:
    """The condition "at least one"."""
    return Threshold("Sum", "GreaterThanOrEqualToThreshold", 1, seconds)
