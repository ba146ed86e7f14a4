title = "SJTUG, Shanghai Jiao Tong University"
kind  = "university"
home  = "https://mirrors.sjtug.sjtu.edu.cn/"

status {
  url    = "https://mirror.sjtu.edu.cn/mirrorz/siyuan.json"
  format = "mirrorz"
}

endpoint "debian" {
  url        = "https://mirror.sjtu.edu.cn/debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "debian_security" {
  url        = "https://mirror.sjtu.edu.cn/debian-security"
  source     = "https://github.com/SuperManito/LinuxMirrors/blob/3611e98/ChangeMirrors.sh"
  checked_at = "2026-06-26"
}

endpoint "ubuntu" {
  url        = "https://mirror.sjtu.edu.cn/ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "rocky" {
  url        = "https://mirror.sjtu.edu.cn/rocky"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "arch" {
  url        = "https://mirror.sjtu.edu.cn/archlinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/pacman/Arch-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "alpine" {
  url        = "https://mirrors.sjtug.sjtu.edu.cn/alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "almalinux" {
  url        = "https://mirrors.sjtug.sjtu.edu.cn/almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "pip" {
  url        = "https://mirror.sjtu.edu.cn/pypi/web/simple"
  state      = "partial"
  note       = "answers 504 at times, and sends misses to TUNA"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Python/common.h"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.sjtug.sjtu.edu.cn/crates.io-index/"
  also       = ["https://mirror.sjtu.edu.cn/crates.io/crates"]
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirror.sjtu.edu.cn/rust-static"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

image "docker.io" {
  prefix     = "docker.mirrors.sjtug.sjtu.edu.cn"
  state      = "dead"
  note       = "closed on 2024-06-06"
  source     = "https://github.com/sjtug/portal/pull/164"
  checked_at = "2026-08-20"
}
