# Two templates of one block; both are too slow.
# expect: fixed

template "timeout-each" {
  for_each = toset(["a", "b"])

  batch "work" {
    timeout = "1s"
    run     = ["sleep 2", "echo ${each.key}"]
  }
}
