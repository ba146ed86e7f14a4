# The same in the long form.
# expect: fixed

template "apt-version-long" {
  base { template = "lists" }

  batch "work" {
    install "apt" {
      packages = ["tree=1.0-1"]
      flags    = ["--no-install-suggests"]
    }
  }
}
