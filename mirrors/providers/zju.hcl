title = "ZJU, Zhejiang University"
kind  = "university"
home  = "https://mirrors.zju.edu.cn/"

status {
  url    = "https://mirrors.zju.edu.cn/api/mirrorz.json"
  format = "mirrorz"
}

endpoint "debian" {
  url        = "https://mirrors.zju.edu.cn/debian"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Debian.c"
  checked_at = "2026-07-23"
}

endpoint "ubuntu" {
  url        = "https://mirrors.zju.edu.cn/ubuntu"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/APT/Ubuntu.c"
  checked_at = "2026-07-23"
}

endpoint "alpine" {
  url        = "https://mirrors.zju.edu.cn/alpine"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/Alpine-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "rocky" {
  url        = "https://mirrors.zju.edu.cn/rocky"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/Rocky-Linux.c"
  checked_at = "2026-07-23"
}

endpoint "almalinux" {
  url        = "https://mirrors.zju.edu.cn/almalinux"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/os/YUM/AlmaLinux.c"
  checked_at = "2026-07-23"
}

endpoint "conda" {
  url        = "https://mirrors.zju.edu.cn/anaconda"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/ware/Anaconda/Anaconda.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://mirrors.zju.edu.cn/rustup"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}

endpoint "cargo" {
  url        = "https://mirrors.zju.edu.cn/crates.io-index/"
  state      = "partial"
  note       = "the index alone: crates still come from upstream"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}
