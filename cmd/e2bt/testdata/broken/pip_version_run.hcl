# A version in a command.
# expect: fixed

template "pip-version-run" {
  batch "work" {
    user = "root"
    run  = ["pip install colorama six==1.99.0"]
  }
}
