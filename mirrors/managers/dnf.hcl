# Fedora and its kin: name-version is dnf's own syntax.
order     = 30
separator = "-"
operators = []
install   = "dnf install -y $${flags} $${packages}"
cleanup   = "dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5"

inventory {
  command = "rpm -qa --qf '%%{NAME} %%{EVR}\\n'"
  line    = "^(?P<name>[^ ]+) (?P<version>[^ ]+)$"
  purl    = "rpm/"
}

outdated {
  command = "dnf -q check-update"
  line    = "^(?P<name>[^ ]+)\\.(?:noarch|x86_64|aarch64|i686) +(?P<latest>[^ ]+) +[^ ]+ *$"
}

logged { line = "^ *(?:Installing|Upgrading) +: (?P<name>[^ ]+)-(?P<version>[^ -]+-[^ -]+)\\.[a-z0-9_]+ " }

versions {
  command = "dnf -q list --showduplicates $${package}"
  line    = "^[^ ]+\\.(?:noarch|x86_64|aarch64|i686) +(?:[0-9]+:)?([^ ]+) "
}
