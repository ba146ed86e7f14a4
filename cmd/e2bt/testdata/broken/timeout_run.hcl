# A step that takes longer than it did.
# expect: fixed

template "timeout-run" {
  batch "work" {
    timeout = "1s"
    run     = ["sleep 2", "echo done > /home/user/done"]
  }

  check "done" { command = "cat /home/user/done" }
}
