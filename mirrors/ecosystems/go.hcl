# Below GOPROXY of the environment, beside what go env -w writes. With | the next
# one is tried after any error, with a comma only after "not found".
order  = 160
title  = "Go modules and toolchains"
tools  = ["go"]
how    = "GOPROXY in ~/.config/go/env"
join   = "|"
native = "go tries them in turn, the module's own repository last"

edit "~/.config/go/env" {
  unless = "^GOPROXY="
  text   = "GOPROXY=$${urls}|direct"
}

probe {
  path   = "/golang.org/x/text/@v/list"
  agent  = "Go-http-client/1.1"
  marker = "v0."
  sample = "/golang.org/x/text/@v/v0.14.0.zip"
}
