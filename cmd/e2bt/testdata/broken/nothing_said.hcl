# A command that fails without a word.
# expect: words

template "nothing-said" {
  batch "work" {
    run = ["exit 7"]
  }
}
