# The same where the template has a directory of its own.
# expect: fixed

template "no-copy-workdir" {
  workdir = "/home/user/app"

  batch "work" {
    run = ["python3 main.py"]
  }
}
