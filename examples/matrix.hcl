# One template for every entry of a map. Each instance has an address of its
# own, such as template.tool["plain"], and can be picked with -t.

locals {
  flavours = {
    plain = []
    http  = ["httpx"]
    full  = ["httpx", "python-dotenv"]
  }
}

template "base-tools" {
  description = "What all flavours share"

  batch "tools" {
    timeout = "5m"
    apt     = ["jq"]
  }
}

template "tool" {
  for_each    = local.flavours
  name        = "tool-${each.key}"
  description = "The ${each.key} flavour"

  base { template = template.base-tools }

  dynamic "batch" {
    for_each = length(each.value) > 0 ? [each.value] : []
    labels   = ["python"]
    content {
      timeout = "5m"
      pip     = batch.value
    }
  }

  check "jq" {
    command = "jq --version"
  }
}
