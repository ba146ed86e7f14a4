# Arch. -Syu, since partial upgrades are not supported there.
order     = 40
separator = "="
operators = ["="]
install   = "pacman -Syu --noconfirm --needed $${flags} $${packages}"
cleanup   = "rm -rf /var/cache/pacman/pkg/*"

inventory {
  command = "pacman -Q"
  line    = "^(?P<name>[^ ]+) (?P<version>[^ ]+)$"
  purl    = "alpm/"
}

outdated {
  command = "pacman -Sy >&2; pacman -Qu"
  line    = "^(?P<name>[^ ]+) (?P<version>[^ ]+) -> (?P<latest>[^ ]+)"
}
