# An archive that nobody can unpack.
# expect: fixed

template "command-unzip" {
  base { template = "lists" }

  batch "work" {
    run = ["unzip -v"] # needs unzip
  }
}
