# npm install -g writes to where a user may not.
# expect: fixed

template "npm-global-as-user" {
  batch "work" {
    run = ["npm install -g is-odd@3.0.1"]
  }
}
