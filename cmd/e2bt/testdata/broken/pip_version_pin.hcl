# A pin that is no version.
# expect: fixed

template "pip-version-pin" {
  pins {
    pip = { six = "1.99.0" } # the newest
  }

  batch "work" {
    pip = ["six", "colorama"]
  }
}
