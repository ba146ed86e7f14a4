order     = 150
separator = "@"
operators = ["@"]
env       = { PNPM_HOME = "/usr/local/bin" }
install   = "pnpm add -g $${flags} $${packages}"
cleanup   = "pnpm store prune"

inventory {
  command = "pnpm ls -g --depth=0 --parseable --long"
  line    = "^[^:]+:(?P<name>(?:@[^@/:]+/)?[^@/:]+)@(?P<version>[0-9][^: ]*)(?::.*)?$"
  purl    = "npm"
}

logged { line = "^\\+ (?P<name>(?:@[^@/ ]+/)?[^@/ ]+) (?P<version>[0-9][^ ]*)$" }

versions {
  command = "pnpm view $${package} versions --json"
  line    = "\"([0-9][^\"]*)\""
}
