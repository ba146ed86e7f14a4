# Fails on purpose: the batch takes longer than its timeout.

template "timeout" {
  batch "slow" {
    timeout = "2s"
    run     = ["echo waiting for a server that never comes", "sleep 60"]
  }
}
