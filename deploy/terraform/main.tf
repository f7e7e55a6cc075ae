# The same template that CloudFormation takes, deployed by Terraform: one stack, whose change sets AWS makes.
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  description = "The name of the stack: 20 letters at most, for names of AWS are made of it."
  type        = string
  default     = "sre"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name))
    error_message = "Use 20 of a-z, 0-9 and - at most, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags of the stack and of what is in it."
  type        = map(string)
  default     = {}
}

resource "aws_cloudformation_stack" "sre" {
  name          = var.name
  template_body = file("${path.module}/../template.json")
  parameters    = local.parameters
  capabilities  = ["CAPABILITY_IAM"]
  on_failure    = "ROLLBACK"
  tags          = var.tags

  timeouts {
    create = "45m"
    update = "45m"
  }
}

output "outputs" {
  description = "The outputs of the stack, by name."
  value       = aws_cloudformation_stack.sre.outputs
}
