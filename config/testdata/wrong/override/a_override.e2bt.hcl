variable "b" {
  default = 2
}

locals {
  c = 1
}

template "tt" {
}

template "t" {
  batch "b" {
    timout = "5m"
  }
  batch "new" {
  }
}
