title = "BFSU, Beijing Foreign Studies University"
kind  = "university"
home  = "https://mirrors.bfsu.edu.cn/"
note  = "a sibling of TUNA"

status {
  url    = "https://mirrors.bfsu.edu.cn/static/tunasync.json"
  format = "tunasync"
}

endpoint "debian" {
  url        = "https://mirrors.bfsu.edu.cn/debian"
  job        = "debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.bfsu.edu.cn/debian-security"
  job        = "debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.bfsu.edu.cn/ubuntu"
  job        = "ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.bfsu.edu.cn/ubuntu-ports"
  job        = "ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "fedora" {
  url        = "https://mirrors.bfsu.edu.cn/fedora"
  job        = "fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.bfsu.edu.cn/epel"
  job        = "epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "arch" {
  url        = "https://mirrors.bfsu.edu.cn/archlinux"
  job        = "archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirrors.bfsu.edu.cn/pypi/web/simple"
  job        = "pypi"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "conda" {
  url        = "https://mirrors.bfsu.edu.cn/anaconda"
  job        = "anaconda"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/ware/Anaconda/Anaconda.c"
  checked_at = "2026-07-23"
}

endpoint "node" {
  url        = "https://mirrors.bfsu.edu.cn/nodejs-release"
  job        = "nodejs-release"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/nvm.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.bfsu.edu.cn/crates.io-index/"
  job        = "crates.io-index"
  state      = "partial"
  note       = "the index alone: crates still come from upstream"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}
