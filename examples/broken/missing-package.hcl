# Fails on purpose: no such package is there.

template "missing-package" {
  batch "typo" {
    timeout = "2m"
    pip     = ["python-dotenvv-e2bt"]
  }
}
