template "app" {
  check "nothing" {}

  check "both" {
    command = "true"
    port    = 80
  }

  check "tools" {
    tools     = ["git", "--version", "rm -rf"]
    exit_code = 1
  }

  check "file" {
    file     = "/etc/passwd"
    contains = "root"
  }

  check "port" {
    port = 70000
  }

  check "agents" {
    agent "copilot" {}
  }

  check "two agents" {
    agent "claude" {}
    agent "claude" { model = "x" }
  }

  check "no tools" {
    tools = []
  }

  check "no file" {
    file = ""
  }

  check "env" {
    command = "env"
    env     = { "1A" = "x" }
  }

  check "pattern" {
    command = "true"
    matches = "("
  }
}
