title   = "Huawei Cloud where it has a mirror, else as cn"
extends = "cn"

pick = {
  debian       = ["huawei"]
  ubuntu       = ["huawei"]
  ubuntu_ports = ["huawei"]
  alpine       = ["huawei"]
  fedora       = ["huawei"]
  epel         = ["huawei"]
  almalinux    = ["huawei"]
  arch         = ["huawei"]
  pip          = ["huawei"]
  npm          = ["huawei"]
  node         = ["huawei"]
  maven        = ["huawei"]
}
