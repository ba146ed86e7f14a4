# A setting of the system.
# expect: fixed

template "etc-as-user" {
  batch "work" {
    run = ["echo debug=1 > /etc/app.conf"]
  }
}
