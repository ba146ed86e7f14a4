# Templates based on templates: the parents are built first, and a child starts
# from exactly the build that was made. Each has an hour of its own on E2B.

locals {
  variants = {
    small = { memory = 512, words = 10 }
    large = { memory = 2048, words = 1000 }
  }
}

template "data" {
  for_each  = local.variants
  memory_mb = each.value.memory

  batch "words" {
    timeout = "1m"
    run     = ["seq 1 ${each.value.words} > /home/user/words"]
  }
}

template "report" {
  base { template = template.data["small"] }

  batch "count" {
    timeout = "1m"
    run     = ["wc -l < /home/user/words > /home/user/count"]
  }

  check "count" {
    command  = "cat /home/user/count"
    contains = tostring(local.variants.small.words)
  }
}
