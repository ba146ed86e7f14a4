title = "Huawei Cloud"
kind  = "cloud"
home  = "https://mirrors.huaweicloud.com/"
note  = "publishes no freshness data"

endpoint "debian" {
  url        = "https://mirrors.huaweicloud.com/debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirrors.huaweicloud.com/debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirrors.huaweicloud.com/ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu_ports" {
  url        = "https://mirrors.huaweicloud.com/ubuntu-ports"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "alpine" {
  url        = "https://mirrors.huaweicloud.com/alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "fedora" {
  url        = "https://mirrors.huaweicloud.com/fedora"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Fedora-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "epel" {
  url        = "https://mirrors.huaweicloud.com/epel"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "almalinux" {
  url        = "https://mirrors.huaweicloud.com/almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "arch" {
  url        = "https://mirrors.huaweicloud.com/archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirrors.huaweicloud.com/repository/pypi/simple"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "npm" {
  url        = "https://mirrors.huaweicloud.com/repository/npm/"
  note       = "can be hours behind"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/common.h"
  checked_at = "2026-07-23"
}

endpoint "node" {
  url        = "https://mirrors.huaweicloud.com/nodejs"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/nvm.c"
  checked_at = "2026-07-23"
}

endpoint "go" {
  url        = "https://mirrors.huaweicloud.com/goproxy/"
  state      = "dead"
  note       = "answers 418"
  source     = "https://github.com/RubyMetric/chsrc/issues/227"
  checked_at = "2026-07-23"
}

endpoint "maven" {
  url        = "https://mirrors.huaweicloud.com/repository/maven/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Java.c"
  checked_at = "2026-07-23"
}
