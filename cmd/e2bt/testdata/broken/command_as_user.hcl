# The commands run as a user who may not install what they need.
# expect: fixed

template "command-as-user" {
  base { template = "lists" }

  batch "work" {
    user = "user"
    run  = ["echo x > a", "patch --version"]
  }
}
