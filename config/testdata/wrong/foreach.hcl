variable "token" {
  default   = "very-secret-token"
  sensitive = true
}

variable "nothing" {
  type = map(string)
}

locals {
  broken = local.nowhere
}

template "list" {
  for_each = ["a", "b"]
}

template "number" {
  for_each = 3
}

template "null" {
  for_each = null
}

template "sensitive" {
  for_each = toset([var.token])
}

template "unset" {
  for_each = var.nothing
}

template "broken" {
  for_each = local.broken
}

template "objects" {
  for_each = toset([{ a = 1 }])
}

template "unknown" {
  for_each = local.versions
}

template "without" {
  name = "x-${each.key}"
}

template "collide" {
  for_each = toset(["3.11", "3-11"])
}

template "derived" {
  for_each = { "ü" = 1 }
}

template "child" {
  base { template = template.collide }
}

template "grandchild" {
  base { template = template.collide["3.12"] }
}

template "values" {
  for_each = { ok = var.token }
  batch "x" {
    run = [
      "true",
      "login ${each.value}",
    ]
  }
}
