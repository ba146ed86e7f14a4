template "override" {
  description = "As changed for CI"

  batch "tools" {
    run = ["echo quick > /home/user/mode"]
  }

  check "mode" {
    contains = "quick"
  }
}
