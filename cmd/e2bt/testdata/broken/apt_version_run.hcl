# The same in a command.
# expect: fixed

template "apt-version-run" {
  base { template = "lists" }

  batch "work" {
    user = "root"
    run  = ["apt-get update -q && apt-get install -y -q tree=1.0-1 bc"]
  }
}
