order     = 190
separator = "@"
operators = ["@"]
install   = "cargo install --root /usr/local $${flags} $${packages}"
cleanup   = "rm -rf /root/.cargo/registry /root/.cargo/git /home/*/.cargo/registry /home/*/.cargo/git"

inventory {
  command = "cargo install --list --root /usr/local"
  line    = "^(?P<name>[A-Za-z0-9_-]+) v(?P<version>[^ :]+)(?: \\([^)]*\\))?:$"
  purl    = "cargo"
}

logged { line = "^ *Installed package `(?P<name>[A-Za-z0-9_-]+) v(?P<version>[^ `]+)" }
