# A tool that used to come with an editor.
# expect: fixed

template "command-xxd" {
  base { template = "lists" }

  batch "work" {
    run = ["xxd /etc/hostname"] # needs xxd
  }
}
