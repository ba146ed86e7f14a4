# Alpine. --no-cache reads a fresh index and keeps none.
order     = 20
separator = "="
operators = ["~=", ">=", "<=", "=", ">", "<", "~"]
install   = "apk add --no-cache $${flags} $${packages}"
cleanup   = "rm -rf /var/cache/apk/*"

inventory {
  command = "apk info -v"
  line    = "^(?P<name>.+)-(?P<version>[0-9][^-]*-r[0-9]+)$"
  purl    = "apk/"
}

outdated {
  command = "apk update -q; apk version -l '<'"
  line    = "^(?P<name>[^ ]+)-(?P<version>[0-9][^- ]*-r[0-9]+) +< +(?P<latest>[^ ]+)"
}

logged { line = "^\\([0-9]+/[0-9]+\\) (?:Installing|Upgrading) (?P<name>[^ ]+) \\((?:[^ ]+ -> )?(?P<version>[^)]+)\\)" }

versions {
  command = "apk update -q >&2; apk policy $${package}"
  line    = "^  ([0-9][^ :]*):$"
}
