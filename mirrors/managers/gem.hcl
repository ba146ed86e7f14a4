order     = 200
separator = ":"
operators = [":"]
install   = "gem install --no-document $${flags} $${packages}"
cleanup   = "rm -rf /root/.gem/specs /root/.local/share/gem/specs /home/*/.gem/specs"

inventory {
  command = "gem list --local --no-details"
  line    = "^(?P<name>[A-Za-z0-9_.-]+) \\((?:default: )?(?P<version>[^, )]+)"
  purl    = "gem"
}

outdated {
  command = "gem outdated"
  line    = "^(?P<name>[A-Za-z0-9_.-]+) \\((?P<version>[^ ]+) < (?P<latest>[^)]+)\\)"
}

logged { line = "^Successfully installed (?P<name>[A-Za-z0-9_.-]+?)-(?P<version>[0-9][A-Za-z0-9.]*)$" }

versions {
  command = "gem list --remote --all --exact $${package}"
  line    = "(?:\\(|, )([0-9][^ ,)]*)"
}
