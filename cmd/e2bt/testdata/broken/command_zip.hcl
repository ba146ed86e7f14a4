# The other half of unzip.
# expect: fixed

template "command-zip" {
  base { template = "lists" }

  batch "work" {
    run = ["zip -v"] # needs zip
  }
}
