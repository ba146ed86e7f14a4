# A tool of the author's machine.
# expect: fixed

template "command-tree" {
  base { template = "lists" }

  batch "work" {
    run = ["tree /opt"] # needs tree
  }
}
