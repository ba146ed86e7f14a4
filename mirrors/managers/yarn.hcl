# Yarn 1: later versions have no global packages.
order     = 160
separator = "@"
operators = ["@"]
install   = "yarn global add --non-interactive --prefix /usr/local $${flags} $${packages}"
cleanup   = "rm -rf /usr/local/share/.cache/yarn /root/.cache/yarn /home/*/.cache/yarn"

inventory {
  command = "yarn global list --prefix /usr/local --no-progress"
  line    = "^info \"(?P<name>(?:@[^@/ ]+/)?[^@/ ]+)@(?P<version>[0-9][^ \"]*)\" has binaries:"
  purl    = "npm"
}

logged { line = "^success Installed \"(?P<name>(?:@[^@/ ]+/)?[^@/ ]+)@(?P<version>[0-9][^ \"]*)\"" }
