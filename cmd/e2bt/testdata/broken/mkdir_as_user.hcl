# A directory below the root.
# expect: fixed

template "mkdir-as-user" {
  batch "work" {
    run = ["mkdir /srv/app", "touch /srv/app/x"]
  }
}
