# What has nothing to do makes no step.
variable "debug" { default = false }

template "empty" {}

template "nothing" {
  batch "conditional" {
    timeout = "5m"
    apt     = var.debug ? ["gdb"] : []
    run     = [var.debug ? "echo debugging" : "", " \n"]
  }
  batch "something" {
    apt = var.debug ? ["gdb"] : []
    run = ["", "echo one", ""]
  }
  cleanup {
    apt   = false
    paths = []
  }
  set {}
}
