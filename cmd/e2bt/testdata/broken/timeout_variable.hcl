# The limit is a variable.
# expect: fixed

variable "limit" {
  type    = string
  default = "1s" # quick machines
}

template "timeout-variable" {
  batch "work" {
    timeout = var.limit
    run     = ["sleep 2"]
  }
}
