variable "version" {
  default = "1.0"
}

locals {
  one = local.two
  two = local.one
  app = "/home/user/app"
}

template "a" {
  memory_mb = "lots"
  cpu_count = 3
  timeout   = "5 minutes"

  batch "x" {
    timout = "1m"
    pip    = ["httpx==${var.verson}"]
    run    = ["cd ${local.ap}"]
  }

  bach "y" {
  }

  batch "x" {
    pipp = ["httpx"]
  }

  install "pip" {
    packages = ["x"]
  }
}

template "a" {}

tmplate "b" {}
