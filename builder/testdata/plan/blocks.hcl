# Every block of a template, and the order of what is in a batch.
template "all" {
  name      = "all-blocks"
  tags      = ["nightly"]
  cpu_count = 4
  memory_mb = 2048
  timeout   = "30m"

  base { image = "python:3.12-slim" }

  env     = { ZED = "last", ALPHA = "a b" }
  user    = "builder"
  workdir = "/srv/app"

  pins {
    pip = { httpx = "0.27.0" }
    npm = { "@scope/tool" = "1.2.3" }
  }

  # Written backwards: system managers come first, then those of languages,
  # then run.
  batch "order" {
    timeout = "5m"
    retries = 2
    run     = ["echo one", "test -e /etc && echo two", "echo three"]
    npm     = ["@scope/tool", "left-pad@1.3.0"]
    pip     = ["httpx", "rich>=13,<14", "x; python_version < '3.9'"]
    apt     = ["git", "jq=1.6*"]
  }

  batch "root" {
    run  = ["id"]
    user = "root"
  }

  batch "own-place" {
    run     = ["./configure && make"]
    env     = { CFLAGS = "-O2 -g", B = "$HOME 'x'" }
    workdir = "sub dir"
  }

  batch "long-form" {
    timeout = "1500ms"
    install "npm" {
      packages = ["a"]
      flags    = ["--no-fund", "--registry=https://registry.example/x y"]
      user     = "builder"
    }
    apt = ["b"]
    install "apt" {
      packages = ["c"]
      flags    = ["-t", "stable"]
    }
  }

  copy {
    from = "app/"
    to   = "/srv/app"
  }

  copy {
    from   = "app/*.py"
    to     = "lib/"
    user   = "root"
    mode   = "755"
    ignore = ["app/b.py"]
  }

  set {
    env     = { MODE = "prod" }
    user    = "user"
    workdir = "/home/user"
  }

  batch "after-set" {
    run = [<<-EOT
      set -u
      false || echo "$MODE"
      echo done
    EOT
    ]
  }

  cleanup {
    apt   = true
    pip   = true
    npm   = true
    paths = ["/tmp/*", "/var/my log/[ab]?.txt"]
    run   = ["journalctl --vacuum-size=1M", "true"]
  }

  start {
    command = "python -m http.server 8000"
    timeout = "5m"
    ready { port = 8000 }
  }

  check "runs" {
    command  = "echo hello"
    contains = "hello"
  }
}
