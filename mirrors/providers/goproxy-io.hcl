title = "goproxy.io"
kind  = "vendor"
home  = "https://goproxy.io/"

endpoint "go" {
  url        = "https://goproxy.io"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/Go.c"
  checked_at = "2026-07-23"
}
