"""The MCP server behind an internal load balancer."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Fn, Token
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53 as route53
from constructs import Construct

from stack.network import Network
from stack.parameters import Parameters
from stack.storage import Storage
from stack.tasks import SERVER_PORT, Tasks

_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"  # TLS 1.2 and 1.3, forward secrecy only


@dataclass(frozen=True)
class Server:
    """The server and its load balancer."""

    balancer: elb.CfnLoadBalancer
    targets: elb.CfnTargetGroup
    service: ecs.CfnService


def server(
    scope: Construct, given: Parameters, kept: Storage, net: Network, tasks: Tasks
) -> Server:
    """HTTPS, health checks on /healthz, by default at least two tasks. A deployment that does not
    become healthy is rolled back."""
    balancer = _balancer(scope, kept, net)
    targets = elb.CfnTargetGroup(
        scope,
        "Targets",
        vpc_id=net.vpc,
        protocol="HTTP",
        port=SERVER_PORT,
        target_type="ip",
        health_check_path="/healthz",
        health_check_interval_seconds=15,
        healthy_threshold_count=2,
        target_group_attributes=[
            elb.CfnTargetGroup.TargetGroupAttributeProperty(
                key="deregistration_delay.timeout_seconds", value="30"
            )
        ],
    )
    listener = elb.CfnListener(
        scope,
        "Listener",
        load_balancer_arn=balancer.ref,
        port=443,
        protocol="HTTPS",
        ssl_policy=_TLS,
        certificates=[elb.CfnListener.CertificateProperty(certificate_arn=given["CertificateArn"])],
        default_actions=[
            elb.CfnListener.ActionProperty(type="forward", target_group_arn=targets.ref)
        ],
    )
    service = _service(scope, net, tasks, targets)
    service.add_resource_dependency(listener)
    # Images can be pulled only through the route to the internet. DependsOn supports no condition;
    # a reference in the metadata gives the same order.
    service.cfn_options.metadata = {"After": Fn.condition_if("NewVpc", Fn.ref("PrivateRoute"), "")}
    _scaled(scope, given, tasks, service)
    _named(scope, given, balancer)
    return Server(balancer, targets, service)


def _balancer(scope: Construct, kept: Storage, net: Network) -> elb.CfnLoadBalancer:
    attributes = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": kept.logs.ref,
        "access_logs.s3.prefix": "alb",
        "idle_timeout.timeout_seconds": "70",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    balancer = elb.CfnLoadBalancer(
        scope,
        "LoadBalancer",
        scheme="internal",
        type="application",
        subnets=net.subnets,
        security_groups=[net.balancer.attr_group_id],
        load_balancer_attributes=[
            elb.CfnLoadBalancer.LoadBalancerAttributeProperty(key=key, value=value)
            for key, value in attributes.items()
        ],
    )
    balancer.add_resource_dependency(scope.node.find_child("AccessLogsPolicy"))  # type: ignore[arg-type]  # it is a CfnResource
    return balancer


def _service(
    scope: Construct, net: Network, tasks: Tasks, targets: elb.CfnTargetGroup
) -> ecs.CfnService:
    """No number of tasks: scaling sets it, and a new template must not reset it."""
    return ecs.CfnService(
        scope,
        "Service",
        cluster=tasks.cluster.ref,
        task_definition=tasks.definitions["Server"].ref,
        launch_type="FARGATE",
        health_check_grace_period_seconds=60,
        deployment_configuration=ecs.CfnService.DeploymentConfigurationProperty(
            minimum_healthy_percent=100,
            maximum_percent=200,
            deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(
                enable=True, rollback=True
            ),
        ),
        network_configuration=ecs.CfnService.NetworkConfigurationProperty(
            awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                subnets=net.subnets, security_groups=[net.server.attr_group_id]
            )
        ),
        load_balancers=[
            ecs.CfnService.LoadBalancerProperty(
                container_name="main", container_port=SERVER_PORT, target_group_arn=targets.ref
            )
        ],
    )


def _scaled(scope: Construct, given: Parameters, tasks: Tasks, service: ecs.CfnService) -> None:
    """Adds tasks under load and removes them later, with ECS's service-linked role."""
    target = scaling.CfnScalableTarget(
        scope,
        "Scaling",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=Fn.sub("service/${Cluster}/${Service.Name}"),
        min_capacity=Token.as_number(given.ref("ServerTasksLeast")),
        max_capacity=Token.as_number(given.ref("ServerTasksMost")),
    )
    scaling.CfnScalingPolicy(
        scope,
        "ScalingPolicy",
        policy_name=Fn.sub("${AWS::StackName}-cpu"),
        policy_type="TargetTrackingScaling",
        scaling_target_id=target.ref,
        target_tracking_scaling_policy_configuration=scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
            target_value=60,
            scale_in_cooldown=300,
            scale_out_cooldown=60,
            predefined_metric_specification=scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="ECSServiceAverageCPUUtilization"
            ),
        ),
    )


def _named(scope: Construct, given: Parameters, balancer: elb.CfnLoadBalancer) -> None:
    record = route53.CfnRecordSet(
        scope,
        "Name",
        name=given["HostName"],
        type="A",
        hosted_zone_id=given["HostedZoneId"],
        alias_target=route53.CfnRecordSet.AliasTargetProperty(
            dns_name=balancer.attr_dns_name, hosted_zone_id=balancer.attr_canonical_hosted_zone_id
        ),
    )
    record.cfn_options.condition = given.conditions["HasZone"]
