order = 171
title = "Rust toolchains"
tools = ["rustup"]
how   = "variables"

env = {
  RUSTUP_DIST_SERVER = "$${url}"
  RUSTUP_UPDATE_ROOT = "$${url}/rustup"
}

probe {
  path   = "/dist/channel-rust-stable.toml.sha256"
  agent  = "rustup/1.28.0"
  marker = "channel-rust-stable"
}
