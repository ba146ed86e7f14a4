# A pin that a variable gives.
# expect: fixed

variable "six" {
  type        = string
  default     = "1.99.0"
  description = "six version"
}

template "pip-version-variable" {
  batch "work" {
    pip = ["six==${var.six}"]
  }
}
