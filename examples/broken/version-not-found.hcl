# Fails on purpose: the package is there, the version is not.

template "version-not-found" {
  pins {
    pip = { python-dotenv = "99.9.9" }
  }

  batch "pinned" {
    timeout = "2m"
    pip     = ["python-dotenv"]
  }
}
