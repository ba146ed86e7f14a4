# A limit that was guessed.
# expect: fixed

template "timeout-apt" {
  base { template = "lists" }

  batch "work" {
    timeout = "1s" # should do
    apt     = ["tree"]
  }
}
