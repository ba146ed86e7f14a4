# The same.
# expect: asked 1

template "apt-name-node" {
  base { template = "lists" }

  batch "work" {
    apt = ["node", "bc"]
  }
}
