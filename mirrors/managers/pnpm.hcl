order     = 150
separator = "@"
operators = ["@"]
env       = { PNPM_HOME = "/usr/local/bin" }
install   = "pnpm add -g $${flags} $${packages}"
cleanup   = "pnpm store prune"
