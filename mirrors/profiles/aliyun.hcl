title   = "Alibaba Cloud where it has a mirror, else as cn"
extends = "cn"

pick = {
  debian       = ["aliyun"]
  ubuntu       = ["aliyun"]
  ubuntu_ports = ["aliyun"]
  alpine       = ["aliyun"]
  fedora       = ["aliyun"]
  epel         = ["aliyun"]
  rocky        = ["aliyun"]
  almalinux    = ["aliyun"]
  arch         = ["aliyun"]
  pip          = ["aliyun"]
  go           = ["aliyun", "goproxy-cn"]
  cargo        = ["aliyun"]
  rustup       = ["aliyun"]
  maven        = ["aliyun"]
}
