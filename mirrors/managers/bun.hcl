order     = 170
separator = "@"
operators = ["@"]
env       = { BUN_INSTALL_BIN = "/usr/local/bin", BUN_INSTALL_GLOBAL_DIR = "/usr/local/lib/bun" }
install   = "bun add -g $${flags} $${packages}"
cleanup   = "rm -rf /root/.bun/install/cache /home/*/.bun/install/cache"

inventory {
  command = "BUN_INSTALL_BIN=/usr/local/bin BUN_INSTALL_GLOBAL_DIR=/usr/local/lib/bun bun pm ls -g --all"
  line    = "^[├└]── (?P<name>(?:@[^@/ ]+/)?[^@/ ]+)@(?P<version>[0-9][^ ]*)$"
  purl    = "npm"
}

logged { line = "^installed (?P<name>(?:@[^@/ ]+/)?[^@/ ]+)@(?P<version>[0-9][^ ]*)" }
