# Debian, Ubuntu. apt-get is the interface that is meant for scripts.
order     = 10
separator = "="
operators = ["="]
env       = { DEBIAN_FRONTEND = "noninteractive" }
prepare   = "apt-get update -q"
install   = "apt-get install -y -q --no-install-recommends $${flags} $${packages}"
cleanup   = "apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin"

inventory {
  command = "dpkg-query -W -f '$${db:Status-Abbrev} $${Package} $${Version}\\n'"
  line    = "^.i.? +(?P<name>[^ ]+) (?P<version>[^ ]+)$"
  key     = "^[^:/ ]+"
  purl    = "deb/"
}

outdated {
  command = "apt-get update -qq >&2; apt list --upgradable"
  line    = "^(?P<name>[^/ ]+)/[^ ]+ (?P<latest>[^ ]+) .*upgradable from: (?P<version>[^\\]]+)\\]"
}

logged { line = "^(?:Unpacking|Setting up) (?P<name>[^ :]+)(?::[a-z0-9]+)? \\((?P<version>[^)]+)\\)" }

hold {
  file   = "/etc/apt/preferences.d/e2bt-lock"
  format = "Package: %s\\nPin: version %s\\nPin-Priority: 1001\\n\\n"
}

# The newest of every upstream version: what an older one needs is often gone.
versions {
  command = <<-SH
    apt-get update -qq >&2
    apt-cache madison $${package} | awk -F'|' '{ gsub(/ /, "", $2); up = $2; sub(/-[^-]*$/, "", up); if (!seen[up]++) print "|" $2 "|" }'
  SH
  line    = "^[^|]*\\| *([^ |]+) *\\|"
}
