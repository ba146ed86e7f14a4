# Two mistakes, one after the other.
# expect: fixed

template "two-things" {
  base { template = "lists" }

  batch "work" {
    timeout = "1s"
    run     = ["sleep 2", "tree /opt"]
  }
}
