# Written by make synth from deploy/template.json: change it there.

variable "scanner_image" {
  description = "Image of scanner/Dockerfile in ECR."
  type        = string
}

variable "server_image" {
  description = "Image of mcp/Dockerfile in ECR."
  type        = string
}

variable "host_name" {
  description = "Name by which clients call the server."
  type        = string
}

variable "certificate_arn" {
  description = "ACM certificate of HostName, in this region."
  type        = string
}

variable "hosted_zone_id" {
  description = "Route 53 zone for HostName. Empty: add the record yourself."
  type        = string
  default     = ""
}

variable "client_cidr" {
  description = "Addresses that may call the server."
  type        = string
  default     = "10.0.0.0/8"
}

variable "vpc_id" {
  description = "Existing VPC. Empty: a new one with a NAT gateway."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Its subnets, in two zones, with a route to NAT."
  type        = list(string)
  default     = []
}

variable "vpc_cidr" {
  description = "Addresses of the new VPC."
  type        = string
  default     = "10.60.0.0/16"
}

variable "settings_file" {
  description = "More settings: s3://BucketName/config/sre-ops.toml."
  type        = string
  default     = ""
}

variable "reader_role_arn" {
  description = "Role of member-template.json. Empty: Inspector's administrator is here."
  type        = string
  default     = ""
}

variable "reader_external_id" {
  description = "External ID that this role requires."
  type        = string
  default     = ""
}

variable "slack_enabled" {
  description = "Digests and answers in Slack."
  type        = string
  default     = "false"
}

variable "lambda_code_bucket" {
  description = "Bucket of sre-slack.zip (make zip)."
  type        = string
  default     = ""
}

variable "lambda_code_key" {
  description = "Key of sre-slack.zip; a new one for each build."
  type        = string
  default     = ""
}

variable "lambda_runtime" {
  description = "Python that built the zip."
  type        = string
  default     = "python3.13"
}

variable "slack_groups" {
  description = "Slack user groups with access: S0123456,S0234567."
  type        = string
  default     = ""
}

variable "alarm_email" {
  description = "Email for alarms. Empty: subscribe to AlarmTopicArn."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "Key for bucket and tables. Empty: AWS's own."
  type        = string
  default     = ""
}

variable "scan_cpu" {
  description = "CPU of a scan; 256 is 0.25 vCPU."
  type        = string
  default     = "256"
}

variable "scan_memory" {
  description = "MB of a scan; see Fargate's sizes for its CPU."
  type        = number
  default     = 512
}

variable "server_cpu" {
  description = "CPU of a server task."
  type        = string
  default     = "512"
}

variable "server_memory" {
  description = "MB of a server task."
  type        = number
  default     = 2048
}

variable "server_tasks_least" {
  description = "Minimum server tasks."
  type        = number
  default     = 2
}

variable "server_tasks_most" {
  description = "Maximum server tasks."
  type        = number
  default     = 4
}

variable "log_days" {
  description = "Days to keep logs."
  type        = number
  default     = 90
}

variable "old_version_days" {
  description = "Days to keep deleted and replaced files."
  type        = number
  default     = 30
}

locals {
  parameters = {
    ScannerImage     = var.scanner_image
    ServerImage      = var.server_image
    HostName         = var.host_name
    CertificateArn   = var.certificate_arn
    HostedZoneId     = var.hosted_zone_id
    ClientCidr       = var.client_cidr
    VpcId            = var.vpc_id
    SubnetIds        = join(",", var.subnet_ids)
    VpcCidr          = var.vpc_cidr
    SettingsFile     = var.settings_file
    ReaderRoleArn    = var.reader_role_arn
    ReaderExternalId = var.reader_external_id
    SlackEnabled     = var.slack_enabled
    LambdaCodeBucket = var.lambda_code_bucket
    LambdaCodeKey    = var.lambda_code_key
    LambdaRuntime    = var.lambda_runtime
    SlackGroups      = var.slack_groups
    AlarmEmail       = var.alarm_email
    KmsKeyArn        = var.kms_key_arn
    ScanCpu          = var.scan_cpu
    ScanMemory       = var.scan_memory
    ServerCpu        = var.server_cpu
    ServerMemory     = var.server_memory
    ServerTasksLeast = var.server_tasks_least
    ServerTasksMost  = var.server_tasks_most
    LogDays          = var.log_days
    OldVersionDays   = var.old_version_days
  }
}
