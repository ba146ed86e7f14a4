# A package of another manager.
# expect: asked 1

template "apt-for-npm" {
  base { template = "lists" }

  batch "work" {
    apt = ["prettier"]
  }
}
