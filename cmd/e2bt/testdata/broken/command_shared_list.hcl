# The list of packages is shared with another batch and computed.
# expect: fixed

locals { tools = ["tree"] }

template "command-shared-list" {
  base { template = "lists" }

  batch "work" {
    apt = concat(local.tools, [])
    run = ["bc --version"]
  }
}
