# A configuration is filled in; the package has another name than its command.
# expect: fixed

template "command-envsubst" {
  base { template = "lists" }

  batch "work" {
    run = ["echo '$HOME' | envsubst"] # needs envsubst
  }
}
