# Dynamic blocks make a block for every element of a collection.

locals {
  stages = [
    { name = "fetch", run = ["mkdir -p /home/user/data", "seq 1 10 > /home/user/data/numbers"] },
    { name = "sum", run = ["awk '{ n += $1 } END { print n }' /home/user/data/numbers > /home/user/data/sum"] },
  ]
  answers = { sum = "55", numbers = "10" }
}

template "dynamic" {
  dynamic "batch" {
    for_each = local.stages
    iterator = stage
    labels   = ["${format("%02d", stage.key + 1)}-${stage.value.name}"]
    content {
      timeout = "1m"
      run     = stage.value.run
    }
  }

  dynamic "check" {
    for_each = local.answers
    labels   = [check.key]
    content {
      command  = "tail -n 1 /home/user/data/${check.key}"
      contains = check.value
    }
  }
}
