title   = "TUNA first, its sibling BFSU next, else as cn"
extends = "cn"

pick = {
  debian       = ["tuna", "bfsu"]
  ubuntu       = ["tuna", "bfsu"]
  ubuntu_ports = ["tuna", "bfsu"]
  alpine       = ["tuna"]
  fedora       = ["tuna", "bfsu"]
  epel         = ["tuna", "bfsu"]
  arch         = ["tuna", "bfsu"]
  pip          = ["tuna", "bfsu"]
  conda        = ["tuna", "bfsu"]
  node         = ["tuna", "bfsu"]
  cargo        = ["tuna", "rsproxy"]
  rustup       = ["tuna"]
}
