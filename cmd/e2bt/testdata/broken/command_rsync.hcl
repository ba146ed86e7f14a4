# Files are copied with rsync.
# expect: fixed

template "command-rsync" {
  base { template = "lists" }

  batch "work" {
    run = ["rsync --version"] # needs rsync
  }
}
