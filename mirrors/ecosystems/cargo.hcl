# In every CARGO_HOME, below what a project says. Cargo.lock keeps the source's own name.
order = 170
title = "Rust crates"
tools = ["cargo"]
how   = "source replacement in ~/.cargo/config.toml"

edit "~/.cargo/config.toml" {
  unless = "^[[:space:]]*(\\[source|source\\.|replace-with)"
  also   = ["~/.cargo/config", "/.cargo/config.toml", "/.cargo/config"]
  text   = <<-EOT
    [source.crates-io]
    replace-with = "e2bt-mirror"

    [source.e2bt-mirror]
    registry = "sparse+$${url}/"
  EOT
}

edit "$CARGO_HOME/config.toml" {
  unless = "^[[:space:]]*(\\[source|source\\.|replace-with)"
  also   = ["/.cargo/config.toml", "/.cargo/config"]
  text   = <<-EOT
    [source.crates-io]
    replace-with = "e2bt-mirror"

    [source.e2bt-mirror]
    registry = "sparse+$${url}/"
  EOT
}

caches = [
  "~/.cargo/registry/*/$${host}-*", "~/.cargo/.global-cache", "$CARGO_HOME/registry/*/$${host}-*", "$CARGO_HOME/.global-cache",
]

probe {
  path   = "/config.json"
  agent  = "cargo/1.95.0"
  marker = "\"dl\""
  sample = "/se/rd/serde"
}
