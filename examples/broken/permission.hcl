# Fails on purpose: run lines run as "user", who may not install with apt.

template "permission" {
  batch "apt-as-user" {
    timeout = "1m"
    run     = ["apt-get install -y jq"]
  }
}
