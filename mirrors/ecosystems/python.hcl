# Interpreters that uv downloads. Stands before the index, which begins a table.
order = 105
title = "Python interpreters for uv"
tools = ["uv python"]
how   = "/etc/uv/uv.toml"

edit "/etc/uv/uv.toml" {
  place  = "top"
  unless = "^[[:space:]]*python-install-mirror"
  text   = "python-install-mirror = \"$${url}\""
}

probe {
  path   = "/"
  agent  = "uv/0.9"
  marker = ""
}
