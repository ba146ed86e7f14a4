# Debian replaced the version that was pinned.
# expect: fixed

template "apt-version" {
  base { template = "lists" }

  batch "work" {
    apt = ["tree=1.0-1", "bc"]
  }
}
