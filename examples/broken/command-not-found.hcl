# Fails on purpose: the program is not installed.

template "command-not-found" {
  batch "compile" {
    timeout = "1m"
    run     = ["cmake --version"]
  }
}
