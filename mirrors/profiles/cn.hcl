# What the named profiles fall back to. PyPI and apt do not begin with TUNA: it
# refuses many cloud networks.
title = "Mainland China, the best source for each"

pick = {
  debian       = ["ustc", "tuna", "aliyun", "tencent"]
  ubuntu       = ["ustc", "tuna", "aliyun", "tencent"]
  ubuntu_ports = ["ustc", "tuna", "aliyun", "tencent"]
  alpine       = ["ustc", "tuna", "aliyun"]
  fedora       = ["ustc", "tuna", "aliyun"]
  epel         = ["ustc", "tuna", "aliyun"]
  rocky        = ["aliyun", "nju", "sjtu"]
  almalinux    = ["aliyun", "nju", "sjtu"]
  arch         = ["ustc", "tuna", "aliyun"]
  pip          = ["aliyun", "tencent", "tuna", "bfsu"]
  python       = ["npmmirror", "nju"]
  conda        = ["bfsu", "nju", "tuna", "zju"]
  npm          = ["npmmirror", "huawei"]
  node         = ["npmmirror", "tuna", "ustc"]
  playwright   = ["npmmirror"]
  puppeteer    = ["npmmirror"]
  electron     = ["npmmirror"]
  cypress      = ["npmmirror"]
  prisma       = ["npmmirror"]
  go           = ["goproxy-cn", "aliyun"]
  cargo        = ["rsproxy", "aliyun", "ustc"]
  rustup       = ["rsproxy", "tuna"]
  gem          = ["ruby-china", "ustc"]
  maven        = ["aliyun", "huawei", "tencent"]
}

images = {
  "docker.io"       = ["daocloud"]
  "ghcr.io"         = ["daocloud"]
  "quay.io"         = ["daocloud"]
  "gcr.io"          = ["daocloud"]
  "registry.k8s.io" = ["daocloud"]
}
