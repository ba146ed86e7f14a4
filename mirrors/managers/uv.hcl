# uv pip, into the system's Python as pip does; copy mode because the cache and
# site-packages may be on different layers.
order     = 120
separator = "=="
operators = ["===", "==", "~=", "!=", ">=", "<=", ">", "<", " @", "@", ";"]
env       = { UV_LINK_MODE = "copy", UV_NO_PROGRESS = "1" }
install   = "uv pip install --system $${flags} $${packages}"
cleanup   = "rm -rf /root/.cache/uv /home/*/.cache/uv"

# The same site-packages as pip's.
inventory {
  command = "uv pip list --system --format=freeze"
  line    = "^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^ ]+)$"
  key     = "^[A-Za-z0-9][A-Za-z0-9._-]*"
  fold    = true
  as      = "pip"
}

outdated {
  command = "uv pip list --system --outdated"
  line    = "^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*) +(?P<version>[0-9][^ ]*) +(?P<latest>[0-9][^ ]*) +(?:wheel|sdist)"
}

logged { line = "^ \\+ (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^ ]+)" }
