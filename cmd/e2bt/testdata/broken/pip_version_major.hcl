# A version from the far future.
# expect: fixed

template "pip-version-major" {
  batch "work" {
    pip = ["six==99.0"]
  }
}
