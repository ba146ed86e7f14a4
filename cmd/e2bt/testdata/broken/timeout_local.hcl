# The limit is a local value that two batches share.
# expect: fixed

locals { limit = "1s" }

template "timeout-local" {
  batch "first" {
    timeout = local.limit
    run     = ["true"]
  }

  batch "work" {
    timeout = local.limit
    run     = ["sleep 2"]
  }
}
