title = "NJU, Nanjing University"
kind  = "university"
home  = "https://mirror.nju.edu.cn/"

status {
  url    = "https://mirrors.nju.edu.cn/.mirrorz/tunasync.json"
  format = "tunasync"
}

endpoint "debian" {
  url        = "https://mirror.nju.edu.cn/debian"
  job        = "debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirror.nju.edu.cn/debian-security"
  job        = "debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirror.nju.edu.cn/ubuntu"
  job        = "ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirror.nju.edu.cn/ubuntu-ports"
  job        = "ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "alpine" {
  url        = "https://mirror.nju.edu.cn/alpine"
  job        = "alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "fedora" {
  url        = "https://mirror.nju.edu.cn/fedora"
  job        = "fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirror.nju.edu.cn/epel"
  job        = "epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "rocky" {
  url        = "https://mirror.nju.edu.cn/rocky"
  job        = "rocky"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "almalinux" {
  url        = "https://mirror.nju.edu.cn/almalinux"
  job        = "almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "arch" {
  url        = "https://mirror.nju.edu.cn/archlinux"
  job        = "archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirror.nju.edu.cn/pypi/web/simple"
  job        = "pypi"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "python" {
  url        = "https://mirror.nju.edu.cn/github-release/indygreg/python-build-standalone"
  source     = "https://github.com/RubyMetric/chsrc/issues/309"
  checked_at = "2026-07-23"
}

endpoint "conda" {
  url        = "https://mirror.nju.edu.cn/anaconda"
  job        = "anaconda"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/ware/Anaconda/Anaconda.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirror.nju.edu.cn/rustup"
  job        = "rustup"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirror.nju.edu.cn/git/crates.io-index.git/"
  state      = "dead"
  note       = "the git index is no longer kept"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

image "docker.io" {
  prefix     = "docker.nju.edu.cn"
  state      = "dead"
  note       = "closed on 2024-06-07"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}
