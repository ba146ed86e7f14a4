# A version that was never made.
# expect: fixed

template "pip-version" {
  batch "work" {
    pip = ["six==1.99.0", "colorama"]
  }
}
