# Templates for E2B. `e2bt plan --offline` shows what would be built,
# `e2bt build --local` builds it on this machine, `e2bt build` on E2B.

template "my-agent" {
  description = "Python and the Claude Agent SDK"
  cpu_count   = 2
  memory_mb   = 2048

  # One batch is one cached step with a timeout of its own. What seldom changes
  # comes first: what is before a change is not built again.
  batch "small" {
    timeout = "5m"
    retries = 2
    pip     = ["httpx", "python-dotenv"]
  }

  batch "agent" {
    timeout = "10m"
    retries = 2
    pip     = ["claude-agent-sdk"]
  }

  # copy {
  #   from = "app/"
  #   to   = "/home/user/app"
  # }

  cleanup {
    pip = true
  }

  # Tried in sandboxes of the new build, before anybody gets it. With
  # ANTHROPIC_API_KEY here or in .env, the agent is also asked something.
  check "tools" {
    tools = ["python", "git"]
  }

  check "agent" {
    agent "claude" {}
  }
}
