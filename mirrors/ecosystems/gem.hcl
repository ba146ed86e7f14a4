order = 180
title = "Ruby gems: gem, bundler"
tools = ["gem", "bundle"]
how   = "/etc/gemrc, a variable for bundler"
env   = { BUNDLE_MIRROR__RUBYGEMS__ORG = "$${url}/" }

edit "/etc/gemrc" {
  unless = "^:?sources:"
  text   = <<-EOT
    :sources:
    - $${url}/
  EOT
}

edit "/usr/local/etc/gemrc" {
  unless = "^:?sources:"
  text   = <<-EOT
    :sources:
    - $${url}/
  EOT
}

caches = [
  "~/.gem/specs/$${host}*", "~/.local/share/gem/specs/$${host}*", "~/.cache/gem/specs/$${host}*", "~/.bundle/cache/compact_index/$${host}*",
]

probe {
  path   = "/info/rake"
  agent  = "bundler/2.6.0 rubygems/3.6.0 ruby/3.4.0"
  marker = "13.0.6"
  sample = "/info/rails"
}
