# A mistake in a command.
# expect: words

template "syntax" {
  batch "work" {
    run = ["if true; echo x"]
  }
}
