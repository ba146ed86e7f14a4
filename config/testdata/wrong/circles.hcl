locals {
  self  = local.self
  a     = local.b + 1
  b     = [for x in local.c : x]
  c     = template.t
  alone = local.a
}

template "t" {
  for_each = toset([local.a])
}

template "one" {
  base { template = template.two }
}

template "two" {
  base { template = template.one }
}
