# A module that is in a package of another name.
# expect: asked 1

template "pip-name-dateutil" {
  batch "work" {
    pip = ["dateutil"]
  }
}
