# Files that root owns are changed by the user.
# expect: fixed

template "copy-of-root" {
  copy {
    from = "app/"
    to   = "/srv/app"
    user = "root"
  }

  batch "work" {
    run = ["echo 1 > /srv/app/version"]
  }
}
