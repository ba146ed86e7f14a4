# The same with a pin.
# expect: fixed

template "npm-version-pin" {
  pins {
    npm = { is-odd = "3.9.9" }
  }

  batch "work" {
    npm = ["is-odd"]
  }
}
