# Debian does not want pip to change its Python.
# expect: fixed

template "externally-managed" {
  base { template = "lists" }

  batch "managed" {
    user = "root"
    run  = ["touch /usr/lib/python3.11/EXTERNALLY-MANAGED"] # as Debian has it
  }

  batch "work" {
    pip = ["colorama"]
  }

  check "import" { command = "python3 -c 'import colorama'" }
}
