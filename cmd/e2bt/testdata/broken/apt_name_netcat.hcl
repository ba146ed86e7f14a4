# A package of Debian's is called otherwise.
# expect: asked 1

template "apt-name-netcat" {
  base { template = "lists" }

  batch "work" {
    apt = ["nc", "bc"]
  }
}
