title   = "Tencent Cloud where it has a mirror, else as cn"
extends = "cn"

pick = {
  debian       = ["tencent"]
  ubuntu       = ["tencent"]
  ubuntu_ports = ["tencent"]
  alpine       = ["tencent"]
  fedora       = ["tencent"]
  epel         = ["tencent"]
  rocky        = ["tencent"]
  almalinux    = ["tencent"]
  arch         = ["tencent"]
  pip          = ["tencent"]
  npm          = ["tencent"]
  node         = ["tencent"]
  maven        = ["tencent"]
}
