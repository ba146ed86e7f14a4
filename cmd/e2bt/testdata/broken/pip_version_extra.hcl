# A package with an extra.
# expect: fixed

template "pip-version-extra" {
  batch "work" {
    pip = ["markdown-it-py[linkify]==3.99.0"]
  }
}
