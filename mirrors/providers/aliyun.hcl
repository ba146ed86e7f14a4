title = "Alibaba Cloud"
kind  = "cloud"
home  = "https://developer.aliyun.com/mirror/"
note  = "publishes no freshness data"

endpoint "debian" {
  url        = "https://mirrors.aliyun.com/debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.aliyun.com/debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.aliyun.com/ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.aliyun.com/ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "alpine" {
  url        = "https://mirrors.aliyun.com/alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "fedora" {
  url        = "https://mirrors.aliyun.com/fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.aliyun.com/epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "rocky" {
  url        = "https://mirrors.aliyun.com/rockylinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "almalinux" {
  url        = "https://mirrors.aliyun.com/almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "arch" {
  url        = "https://mirrors.aliyun.com/archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirrors.aliyun.com/pypi/simple/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "go" {
  url        = "https://mirrors.aliyun.com/goproxy/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Go.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.aliyun.com/crates.io-index/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirrors.aliyun.com/rustup"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

endpoint "gem" {
  url        = "https://mirrors.aliyun.com/rubygems/"
  state      = "partial"
  note       = "left out by chsrc since 2026"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Ruby/Ruby.c"
  checked_at = "2026-07-23"
}

endpoint "maven" {
  url        = "https://maven.aliyun.com/repository/public/"
  note       = "refuses clients that do not call themselves Maven or Gradle"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Java.c"
  checked_at = "2026-07-23"
}
