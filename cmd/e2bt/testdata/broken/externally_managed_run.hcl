# The same in a command.
# expect: fixed

template "externally-managed-run" {
  base { template = "lists" }

  batch "managed" {
    user = "root"
    run  = ["touch /usr/lib/python3.11/EXTERNALLY-MANAGED"] # as Debian has it
  }

  batch "work" {
    user = "root"
    run  = ["pip install colorama"]
  }

  check "import" { command = "python3 -c 'import colorama'" }
}
