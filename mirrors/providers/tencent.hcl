title = "Tencent Cloud"
kind  = "cloud"
home  = "https://mirrors.cloud.tencent.com/"
note  = "publishes no freshness data"

endpoint "debian" {
  url        = "https://mirrors.tencent.com/debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.tencent.com/debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.tencent.com/ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.tencent.com/ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "fedora" {
  url        = "https://mirrors.tencent.com/fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.tencent.com/epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "arch" {
  url        = "https://mirrors.tencent.com/archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "alpine" {
  url        = "https://mirrors.cloud.tencent.com/alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "rocky" {
  url        = "https://mirrors.cloud.tencent.com/rocky"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "almalinux" {
  url        = "https://mirrors.cloud.tencent.com/almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirrors.cloud.tencent.com/pypi/simple"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "npm" {
  url        = "https://mirrors.cloud.tencent.com/npm/"
  also       = ["https://mirrors.tencent.com/npm"]
  note       = "its tarballs are on another host, which npm 12 refuses"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/common.h"
  checked_at = "2026-07-23"
}

endpoint "node" {
  url        = "https://mirrors.cloud.tencent.com/nodejs-release"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/nvm.c"
  checked_at = "2026-07-23"
}

endpoint "maven" {
  url        = "https://mirrors.cloud.tencent.com/nexus/repository/maven-public/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Java.c"
  checked_at = "2026-07-23"
}
