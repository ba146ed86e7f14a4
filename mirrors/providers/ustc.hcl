title = "USTC, University of Science and Technology of China"
kind  = "university"
home  = "https://mirrors.ustc.edu.cn/"

status {
  url    = "https://mirrors.ustc.edu.cn/static/json/mirrorz.json"
  format = "mirrorz"
}

endpoint "debian" {
  url        = "https://mirrors.ustc.edu.cn/debian"
  job        = "debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.ustc.edu.cn/debian-security"
  job        = "debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.ustc.edu.cn/ubuntu"
  job        = "ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.ustc.edu.cn/ubuntu-ports"
  job        = "ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "alpine" {
  url        = "https://mirrors.ustc.edu.cn/alpine"
  job        = "alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "fedora" {
  url        = "https://mirrors.ustc.edu.cn/fedora"
  job        = "fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.ustc.edu.cn/epel"
  job        = "epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "rocky" {
  url        = "https://mirrors.ustc.edu.cn/rocky"
  job        = "rocky"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "arch" {
  url        = "https://mirrors.ustc.edu.cn/archlinux"
  job        = "archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirrors.ustc.edu.cn/pypi/simple"
  job        = "pypi"
  note       = "a cache over TUNA: what TUNA refuses is refused here"
  source     = "https://github.com/ustclug/mirrorhelp"
  checked_at = "2026-06-28"
}

endpoint "conda" {
  url        = "https://mirrors.ustc.edu.cn/anaconda"
  job        = "anaconda"
  state      = "partial"
  note       = "a cache of conda-forge and bioconda alone"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/ware/Anaconda/Anaconda.c"
  checked_at = "2026-07-23"
}

endpoint "npm" {
  url        = "https://npmreg.proxy.ustclug.org/"
  state      = "dead"
  note       = "closed on 2026-06-12"
  source     = "https://mirrors.ustc.edu.cn/help/npm.html"
  checked_at = "2026-06-28"
}

endpoint "node" {
  url        = "https://mirrors.ustc.edu.cn/node"
  job        = "node"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/nvm.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.ustc.edu.cn/crates.io-index/"
  also       = ["https://crates-io.proxy.ustclug.org/"]
  job        = "crates.io-index"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirrors.ustc.edu.cn/rust-static"
  job        = "rust-static"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

endpoint "gem" {
  url        = "https://mirrors.ustc.edu.cn/rubygems/"
  job        = "rubygems"
  note       = "a cache"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Ruby/Ruby.c"
  checked_at = "2026-07-23"
}

image "docker.io" {
  prefix     = "docker.mirrors.ustc.edu.cn"
  state      = "dead"
  note       = "closed on 2024-06-06"
  source     = "https://mirrors.ustc.edu.cn/help/dockerhub.html"
  checked_at = "2026-06-28"
}
