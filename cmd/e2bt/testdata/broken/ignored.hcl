# .dockerignore leaves out what a command needs.
# expect: fixed

template "ignored" {
  copy {
    from = "."
    to   = "/home/user/app"
  }

  batch "work" {
    workdir = "/home/user/app"
    run     = ["cat notes.txt"]
  }
}
