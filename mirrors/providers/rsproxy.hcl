title = "RsProxy, ByteDance"
kind  = "vendor"
home  = "https://rsproxy.cn/"

endpoint "cargo" {
  url        = "https://rsproxy.cn/index/"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/Cargo.c"
  checked_at = "2026-07-23"
}

endpoint "rustup" {
  url        = "https://rsproxy.cn"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Rust/rustup.c"
  checked_at = "2026-07-23"
}
