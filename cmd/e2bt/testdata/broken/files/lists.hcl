# What the others are based on: package lists that are read already.
template "lists" {
  batch "lists" {
    user = "root"
    run  = ["apt-get update -q"]
  }
}
