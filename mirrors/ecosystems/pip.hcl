# The lowest level that each tool reads: whatever a template, a project or a user
# says wins over it. One index, never an extra one.
order = 110
title = "Python packages: pip, uv"
tools = ["pip", "uv"]
how   = "/etc/pip.conf, /etc/uv/uv.toml"

edit "/etc/pip.conf" {
  place    = "[global]"
  unless   = "^[[:space:]]*(index-url|no-index)[[:space:]]*[=:]"
  also     = ["/etc/xdg/pip/pip.conf"]
  text     = "index-url = $${url}/"
  insecure = "trusted-host = $${host}"
}

edit "/etc/uv/uv.toml" {
  unless = "^[[:space:]]*(index-url|extra-index-url|no-index|\\[\\[index|index[[:space:]]*=)"
  text   = <<-EOT
    [[index]]
    url = "$${url}/"
    default = true
  EOT
}

caches = ["~/.cache/pip", "~/.cache/uv/*/index"]

probe {
  path   = "/pip/"
  agent  = "pip/26.0 {\"installer\":{\"name\":\"pip\",\"version\":\"26.0\"}}"
  accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
  marker = "pip-"
  sample = "/pip/"
}
