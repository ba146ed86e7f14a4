variable "object" {
  type = object({
    name = string
    port = optional(number, 80)
  })
  default = { nam = "x" }
}

variable "list" {
  type    = list(nuber)
  default = []
}

variable "notnull" {
  default  = null
  nullable = false
}

variable "function" {
  default = upper("x")
}

variable "reference" {
  default = var.list
}

variable "strange" {
  typ     = string
  default = "x"
  validate {
    condition = true
  }
}

variable "rule" {
  default = "x"
  validation {
    condition     = "perhaps"
    error_message = "No."
  }
  validation {
    condition     = var.rule == local.rule
    error_message = "Must be ${local.rule}."
  }
  validation {
    condition = true
  }
}

variable "1st" {
  default = ""
}

locals {
  rule = "y"
  unused = nofunction(1)
}

locals {
  rule = "z"
}

template "t" {
  cpu_count   = true
  memory_mb   = [1]
  description = { a = 1 }
  tags        = "one"
  env         = ["a"]
  user        = null
  workdir     = upper(1, 2)
  timeout     = 30

  batch "b" {
    retries = 11
    pip     = [["nested"], null, 3]
    run     = { a = 1 }
    env     = { "not a name" = "x" }
  }

  batch {
    run = ["x"]
  }

  batch "b" "c" {
    run = ["x"]
  }

  batch = "x"
}
