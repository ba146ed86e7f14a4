# A package that is called otherwise: psmisc.
# expect: fixed

template "command-killall" {
  base { template = "lists" }

  batch "work" {
    run = ["killall --version"] # needs killall
  }
}
