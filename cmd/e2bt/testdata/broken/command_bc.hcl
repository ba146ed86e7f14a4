# A calculator in a script.
# expect: fixed

template "command-bc" {
  base { template = "lists" }

  batch "work" {
    run = ["echo '1 + 1' | bc"] # needs bc
  }
}
