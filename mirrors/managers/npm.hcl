# Global packages; no fund, audit or update notes in a build's log.
order     = 140
separator = "@"
operators = ["@"]
env       = { NPM_CONFIG_AUDIT = "false", NPM_CONFIG_FUND = "false", NPM_CONFIG_PROGRESS = "false", NPM_CONFIG_UPDATE_NOTIFIER = "false" }
install   = "npm install -g $${flags} $${packages}"
cleanup   = "rm -rf /root/.npm /home/*/.npm"

# With --all, what the packages bring along, too.
inventory {
  command = "npm ls -g --all --parseable --long"
  line    = "^[^:]+:(?P<name>(?:@[^@/:]+/)?[^@/:]+)@(?P<version>[0-9][^: ]*)(?::.*)?$"
  purl    = "npm"
}

outdated {
  command = "npm outdated -g --parseable"
  line    = "^[^:]*:(?:@[^@/:]+/)?[^@:]+@[^:]*:(?P<name>(?:@[^@/:]+/)?[^@:]+)@(?P<version>[0-9][^:]*):(?:@[^@/:]+/)?[^@:]+@(?P<latest>[^:]+)"
}

logged { line = "^npm (?:warn|WARN) deprecated (?P<name>(?:@[^@/ ]+/)?[^@/ ]+)@(?P<version>[0-9][^: ]*):" }
