# apt-get install without apt-get update.
# expect: fixed

template "no-update" {
  batch "work" {
    user = "root"
    run  = ["apt-get install -y tree"]
  }
}
