title = "npmmirror, run by cnpm"
kind  = "vendor"
home  = "https://npmmirror.com/"

endpoint "npm" {
  url        = "https://registry.npmmirror.com/"
  also       = ["https://cdn.npmmirror.com/packages"]
  note       = "has no audit endpoint"
  source     = "https://github.com/RubyMetric/chsrc/blob/ac49eb8/src/recipe/lang/JavaScript/common.h"
  checked_at = "2026-07-23"
}

endpoint "node" {
  url        = "https://cdn.npmmirror.com/binaries/node"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}

endpoint "python" {
  url        = "https://registry.npmmirror.com/-/binary/python-build-standalone"
  source     = "https://github.com/RubyMetric/chsrc/issues/309"
  checked_at = "2026-07-23"
}

endpoint "playwright" {
  url        = "https://cdn.npmmirror.com/binaries/playwright"
  note       = "the newest browsers arrive late"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}

endpoint "puppeteer" {
  url        = "https://cdn.npmmirror.com/binaries/chrome-for-testing"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}

endpoint "electron" {
  url        = "https://cdn.npmmirror.com/binaries/electron/"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}

endpoint "cypress" {
  url        = "https://cdn.npmmirror.com/binaries/cypress"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}

endpoint "prisma" {
  url        = "https://cdn.npmmirror.com/binaries/prisma"
  source     = "https://github.com/cnpm/binary-mirror-config/blob/90e89b8/package.json"
  checked_at = "2026-07-02"
}
