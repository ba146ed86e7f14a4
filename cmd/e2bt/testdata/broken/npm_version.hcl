# npm does not say which versions there are.
# expect: fixed

template "npm-version" {
  batch "work" {
    npm = ["is-odd@3.9.9", "is-number@7.0.0"]
  }
}
