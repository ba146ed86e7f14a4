order     = 130
separator = "="
operators = ["==", ">=", "<=", "!=", "=", ">", "<"]
install   = "conda install -y -q $${flags} $${packages}"
cleanup   = "conda clean -afy"

# Without what pip put there, which pip lists.
inventory {
  command = "conda list | grep -v ' pypi *$'"
  line    = "^(?P<name>[A-Za-z0-9_][^ ]*) +(?P<version>[0-9][^ ]*) +[^ ]+(?: .*)?$"
  purl    = "conda"
}
