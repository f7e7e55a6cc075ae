# Functions for people who operate the stack: `. deploy/stack.sh`. They need the AWS CLI and Python; $stack is the stack's name.

# Every output of the stack, a line each: its name and its value.
outputs() {
    aws cloudformation describe-stacks --stack-name "${stack:?}" --output text \
        --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]'
}

# One output: output ClusterName
output() {
    outputs | _value "$1"
}

_value() {
    awk -v name="$1" '$1 == name { print $2 }'
}

# What AWS calls a resource of the template: resource Service
resource() {
    aws cloudformation describe-stack-resource --stack-name "${stack:?}" --logical-resource-id "$1" --output text \
        --query StackResourceDetail.PhysicalResourceId
}

# Starts a task of the stack with words of your own, waits for its end, and prints its exit code:
# task Scan --region eu-west-1; task Job report
task() {
    kind=$1 && shift
    words=$(python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@")
    all=$(outputs)
    cluster=$(echo "$all" | _value ClusterName)
    network="subnets=[$(echo "$all" | _value TaskSubnets)],securityGroups=[$(echo "$all" | _value TaskSecurityGroup)]"
    started=$(aws ecs run-task --cluster "$cluster" --launch-type FARGATE --query 'tasks[0].taskArn' --output text \
        --task-definition "$(echo "$all" | _value "${kind}TaskDefinition")" \
        --network-configuration "awsvpcConfiguration={$network}" \
        --overrides "{\"containerOverrides\":[{\"name\":\"main\",\"command\":$words}]}")
    [ "$started" != None ] || { echo "ECS started no task: no capacity, or no such definition" >&2; return 1; }
    for _ in 1 2 3 4 5 6; do               # the CLI waits ten minutes and gives up; a large scan takes longer
        aws ecs wait tasks-stopped --cluster "$cluster" --tasks "$started" && break
    done
    aws ecs describe-tasks --cluster "$cluster" --tasks "$started" --query 'tasks[0].containers[0].exitCode' --output text
}
