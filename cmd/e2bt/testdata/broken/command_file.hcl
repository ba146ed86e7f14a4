# A tool that Debian does not bring along.
# expect: fixed

template "command-file" {
  base { template = "lists" }

  batch "work" {
    run = ["file /bin/bash"] # needs file
  }
}
