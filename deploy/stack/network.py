"""The VPC, unless one is given, and the security groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnResource, Fn, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stack.identity import allow, trust
from stack.nag import accept
from stack.parameters import Parameters
from stack.tasks import SERVER_PORT

_ZONES = "AB"


@dataclass(frozen=True)
class Network:
    """The network: the VPC, private subnets, and one security group per kind."""

    vpc: str
    subnets: list[str]
    balancer: ec2.CfnSecurityGroup
    server: ec2.CfnSecurityGroup
    tasks: ec2.CfnSecurityGroup
    function: ec2.CfnSecurityGroup


def network(scope: Construct, given: Parameters) -> Network:
    """The given VPC, or a new one with private subnets in two zones behind one NAT gateway."""
    made = _vpc(scope, given)
    vpc = Token.as_string(Fn.condition_if("NewVpc", made.ref, given["VpcId"]))
    private = [one.ref for one in _subnets(scope, given, made)]
    subnets = Token.as_list(Fn.condition_if("NewVpc", private, given.list("SubnetIds")))
    return _groups(scope, given, vpc, subnets)


def _new(given: Parameters, *resources: CfnResource) -> None:
    for one in resources:
        one.cfn_options.condition = given.conditions["NewVpc"]


def _vpc(scope: Construct, given: Parameters) -> ec2.CfnVPC:
    vpc = ec2.CfnVPC(
        scope,
        "Vpc",
        cidr_block=given["VpcCidr"],
        enable_dns_hostnames=True,
        enable_dns_support=True,
    )
    _flow_logs(scope, given, vpc)
    _new(given, vpc)
    return vpc


def _flow_logs(scope: Construct, given: Parameters, vpc: ec2.CfnVPC) -> None:
    """Rejected connections, in a log group: for a bucket, EC2 would replace the bucket's policy
    with its own."""
    log = logs.CfnLogGroup(
        scope, "FlowLog", retention_in_days=Token.as_number(given.ref("LogDays"))
    )
    writes = {
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": log.attr_arn,
    }
    role = iam.CfnRole(
        scope,
        "FlowRole",
        assume_role_policy_document=trust("vpc-flow-logs.amazonaws.com"),
        policies=[allow("write", [writes])],
    )
    flow = ec2.CfnFlowLog(
        scope,
        "FlowLogs",
        resource_id=vpc.ref,
        resource_type="VPC",
        traffic_type="REJECT",
        log_group_name=log.ref,
        deliver_logs_permission_arn=role.attr_arn,
    )
    _new(given, log, role, flow)


def _subnets(scope: Construct, given: Parameters, vpc: ec2.CfnVPC) -> list[ec2.CfnSubnet]:
    """The private subnets, and two public ones that contain only the NAT gateway."""
    blocks = Fn.cidr(given["VpcCidr"], 4, "6")
    zones = Fn.get_azs()

    def subnet(name: str, block: int, zone: int) -> ec2.CfnSubnet:
        made = ec2.CfnSubnet(
            scope,
            name,
            vpc_id=vpc.ref,
            cidr_block=Fn.select(block, blocks),
            availability_zone=Fn.select(zone, zones),
        )
        _new(given, made)
        return made

    public = subnet("PublicSubnet", 0, 0)
    private = [subnet(f"Subnet{letter}", zone + 1, zone) for zone, letter in enumerate(_ZONES)]
    _ways_out(scope, given, vpc, public, private)
    return private


def _ways_out(
    scope: Construct,
    given: Parameters,
    vpc: ec2.CfnVPC,
    public: ec2.CfnSubnet,
    private: list[ec2.CfnSubnet],
) -> None:
    """Routes to the internet through the NAT gateway, and to S3 and DynamoDB without it, which is
    free."""
    internet = ec2.CfnInternetGateway(scope, "InternetGateway")
    attached = ec2.CfnVPCGatewayAttachment(
        scope, "InternetAttachment", vpc_id=vpc.ref, internet_gateway_id=internet.ref
    )
    address = ec2.CfnEIP(scope, "NatAddress", domain="vpc")
    nat = ec2.CfnNatGateway(
        scope, "NatGateway", subnet_id=public.ref, allocation_id=address.attr_allocation_id
    )
    outside = ec2.CfnRouteTable(scope, "PublicRoutes", vpc_id=vpc.ref)
    inside = ec2.CfnRouteTable(scope, "PrivateRoutes", vpc_id=vpc.ref)
    out = ec2.CfnRoute(
        scope,
        "PublicRoute",
        route_table_id=outside.ref,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=internet.ref,
    )
    through = ec2.CfnRoute(
        scope,
        "PrivateRoute",
        route_table_id=inside.ref,
        destination_cidr_block="0.0.0.0/0",
        nat_gateway_id=nat.ref,
    )
    out.add_resource_dependency(attached)
    nat.add_resource_dependency(out)
    nodes: list[CfnResource] = [internet, attached, address, nat, outside, inside, out, through]
    for name, subnet, table in [
        ("PublicRouting", public, outside),
        *((f"Routing{letter}", one, inside) for letter, one in zip(_ZONES, private, strict=True)),
    ]:
        nodes.append(
            ec2.CfnSubnetRouteTableAssociation(
                scope, name, subnet_id=subnet.ref, route_table_id=table.ref
            )
        )
    for name, service in (("S3Endpoint", "s3"), ("DynamoEndpoint", "dynamodb")):
        where = Fn.sub("com.amazonaws.${AWS::Region}." + service)
        nodes.append(
            ec2.CfnVPCEndpoint(
                scope,
                name,
                vpc_id=vpc.ref,
                service_name=where,
                vpc_endpoint_type="Gateway",
                route_table_ids=[inside.ref],
            )
        )
    _new(given, *nodes)


def _groups(scope: Construct, given: Parameters, vpc: str, subnets: list[str]) -> Network:
    https = ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="tcp", from_port=443, to_port=443, cidr_ip="0.0.0.0/0"
    )

    def group(name: str, what: str) -> ec2.CfnSecurityGroup:
        return ec2.CfnSecurityGroup(
            scope, name, group_description=what, vpc_id=vpc, security_group_egress=[https]
        )

    server, tasks = (
        group("ServerGroup", "The server"),
        group("TaskGroup", "Scans, reports and digests"),
    )
    function = group("SlackGroup", "The Slack function")
    function.cfn_options.condition = given.conditions["Slack"]
    balancer = _balancer_group(scope, given, vpc, server, function)
    ec2.CfnSecurityGroupIngress(
        scope,
        "ServerIngress",
        group_id=server.attr_group_id,
        ip_protocol="tcp",
        from_port=SERVER_PORT,
        to_port=SERVER_PORT,
        source_security_group_id=balancer.attr_group_id,
    )
    return Network(vpc, subnets, balancer, server, tasks, function)


def _balancer_group(
    scope: Construct,
    given: Parameters,
    vpc: str,
    server: ec2.CfnSecurityGroup,
    function: ec2.CfnSecurityGroup,
) -> ec2.CfnSecurityGroup:
    """The load balancer's group: in from clients and the Slack function, out to the server."""
    from_slack = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "SourceSecurityGroupId": function.ref,
    }
    from_clients = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "CidrIp": given.ref("ClientCidr"),
    }
    balancer = ec2.CfnSecurityGroup(
        scope,
        "LoadBalancerGroup",
        group_description="The load balancer",
        vpc_id=vpc,
        security_group_egress=[
            ec2.CfnSecurityGroup.EgressProperty(
                ip_protocol="tcp",
                from_port=SERVER_PORT,
                to_port=SERVER_PORT,
                destination_security_group_id=server.attr_group_id,
            )
        ],
        security_group_ingress=[
            _ingress(from_clients),
            Fn.condition_if("Slack", from_slack, {"Ref": "AWS::NoValue"}),
        ],
    )
    accept(
        balancer,
        "EC23",
        "Who may call is the parameter ClientCidr, by default 10.0.0.0/8; the load balancer is"
        " internal.",
    )
    return balancer


def _ingress(values: dict[str, Any]) -> ec2.CfnSecurityGroup.IngressProperty:
    return ec2.CfnSecurityGroup.IngressProperty(
        ip_protocol=values["IpProtocol"],
        from_port=values["FromPort"],
        to_port=values["ToPort"],
        cidr_ip=Token.as_string(values["CidrIp"]),
    )
