title = "TUNA, Tsinghua University"
kind  = "university"
home  = "https://mirrors.tuna.tsinghua.edu.cn/"
note  = "may remove content without notice (2026-08)"

status {
  url    = "https://mirrors.tuna.tsinghua.edu.cn/static/tunasync.json"
  format = "tunasync"
}

endpoint "debian" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/debian"
  job        = "debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/debian-security"
  job        = "debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/ubuntu"
  job        = "ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/ubuntu-ports"
  job        = "ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "alpine" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/alpine"
  job        = "alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "fedora" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/fedora"
  job        = "fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/epel"
  job        = "epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "arch" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/archlinux"
  job        = "archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://pypi.tuna.tsinghua.edu.cn/simple"
  job        = "pypi"
  note       = "refuses some cloud networks and user agents with 403"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "conda" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/anaconda"
  job        = "anaconda"
  note       = "was taken away for eight days in August 2026"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/ware/Anaconda/Anaconda.c"
  checked_at = "2026-07-23"
}

endpoint "node" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/nodejs-release"
  job        = "nodejs-release"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/nvm.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/crates.io-index/"
  job        = "crates.io-index"
  state      = "partial"
  note       = "the index alone: crates still come from upstream"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/rustup"
  job        = "rustup"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

endpoint "gem" {
  url        = "https://mirrors.tuna.tsinghua.edu.cn/rubygems/"
  job        = "rubygems"
  state      = "partial"
  note       = "left out by chsrc since 2026"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Ruby/Ruby.c"
  checked_at = "2026-07-23"
}
