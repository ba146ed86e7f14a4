# What everybody builds. ci_override.e2bt.hcl, which could be written only where
# builds run, changes parts of it: arguments one by one, batches by their name.

template "override" {
  description = "As declared"
  memory_mb   = 1024

  batch "tools" {
    timeout = "5m"
    run     = ["echo slow > /home/user/mode"]
  }

  check "mode" {
    command  = "cat /home/user/mode"
    contains = "slow"
  }
}
