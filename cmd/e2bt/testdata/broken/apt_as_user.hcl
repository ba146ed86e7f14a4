# apt-get as the user that E2B gives to every step.
# expect: fixed

template "apt-as-user" {
  batch "work" {
    run = ["apt-get update -q && apt-get install -y -q tree"]
  }
}
