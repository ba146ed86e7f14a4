variable "image" {
  default = "debian"
}

locals {
  base   = template.parent
  pinned = timestamp()
}

template "parent" {
  base { image = image }
}

template "a" {
  base { template = tempate.parent }
}

template "b" {
  base { template = template.parent["x"] }
}

template "c" {
  base { template = 7 }
}

template "d" {
  base { template = local.base }
  description = template.parent
  workdir     = "/srv/${local.base}"
}

template "e" {
  for_each = toset(["3.11", "3.12"])
  base { template = template.e["3.13"] }
}

template "f" {
  base { template = template.f }
}

template "time" {
  description = "built at ${timestamp()}"
  tags        = [formatdate("YYYYMMDD", timestamp())]
  env         = { BUILT = timestamp() }
  batch "x" {
    run = ["true", "echo ${local.pinned}"]
  }
}

template "words" {
  user = ubuntu
  name = var.imge
  env  = { A = each.key, B = self.x, C = vra.image }
}
