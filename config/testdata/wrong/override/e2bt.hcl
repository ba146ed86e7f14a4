variable "a" {
  default = 1
}

template "t" {
  batch "b" {
    run = ["true"]
  }
}
