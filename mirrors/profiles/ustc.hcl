title   = "USTC where it has a mirror, else as cn"
extends = "cn"

pick = {
  debian       = ["ustc"]
  ubuntu       = ["ustc"]
  ubuntu_ports = ["ustc"]
  alpine       = ["ustc"]
  fedora       = ["ustc"]
  epel         = ["ustc"]
  rocky        = ["ustc"]
  arch         = ["ustc"]
  pip          = ["ustc"]
  node         = ["ustc"]
  cargo        = ["ustc"]
  rustup       = ["ustc"]
  gem          = ["ustc"]
}
