title = "goproxy.cn"
kind  = "vendor"
home  = "https://goproxy.cn/"

endpoint "go" {
  url        = "https://goproxy.cn"
  note       = "proxies the checksum database, too"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Go.c"
  checked_at = "2026-07-23"
}
