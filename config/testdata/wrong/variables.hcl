e2bt {
  required_version = ">= 9.0"
}

variable "none" {
  type = string
}

variable "count" {
  type    = number
  default = "many"
}

variable "token" {
  default   = "very-secret-token"
  sensitive = true
}

variable "version" {
  default = "one"
  validation {
    condition     = can(regex("^[0-9.]+$", var.version))
    error_message = "Give a number."
  }
}

template "t" {
  env = { TOKEN = "Bearer ${var.token}" }

  batch "x" {
    run = ["echo ${unknown_function()}"]
  }

  batch "y" {
    run = ["echo ${1 + "very-secret-token"}"]
  }
}
