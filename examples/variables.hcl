# Variables with types, defaults and rules of their own. Set them with
# --var workers=8, E2BT_VAR_workers=8, or a line in prod.auto.e2btvars;
# `e2bt validate --json` says where each value came from.

variable "workers" {
  type        = number
  default     = 4
  description = "how many requests are served at once"

  validation {
    condition     = var.workers >= 1 && var.workers <= local.limit
    error_message = "Between 1 and ${local.limit} workers fit into this template."
  }
}

variable "service" {
  type = object({
    name    = string
    port    = optional(number, 8000)
    tags    = optional(set(string), ["web"])
    environ = optional(map(string), {})
  })
  default = {
    name    = "hello"
    environ = { GREETING = "good morning" }
  }
}

variable "extra_packages" {
  type     = list(string)
  default  = []
  nullable = false
}

locals {
  limit    = 2 * local.cpus
  cpus     = 2
  settings = merge(var.service.environ, { WORKERS = tostring(var.workers), PORT = tostring(var.service.port) })
  page     = templatefile("variables/page.html", { title = title(var.service.name), settings = local.settings })
}

template "variables" {
  name        = "service-${var.service.name}"
  description = "Built for ${join(" and ", sort(var.service.tags))}"
  tags        = [for tag in var.service.tags : lower(tag)]
  cpu_count   = local.cpus
  env         = local.settings

  batch "page" {
    timeout = "1m"
    apt     = var.extra_packages
    run     = ["mkdir -p /home/user/site", "echo '${base64encode(local.page)}' | base64 -d > /home/user/site/index.html"]
  }

  check "page" {
    command  = "cat /home/user/site/index.html"
    contains = "PORT is ${var.service.port}"
  }
}
