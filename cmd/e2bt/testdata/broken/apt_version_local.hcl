# The same in a list that is a local value.
# expect: fixed

locals {
  tools = [
    "bc",
    "tree=1.0-1", # as on the server
  ]
}

template "apt-version-local" {
  base { template = "lists" }

  batch "work" {
    apt = local.tools
  }
}
